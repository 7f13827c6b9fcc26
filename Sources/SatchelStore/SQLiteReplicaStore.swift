import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// A replica's store over an SQLite file, inside one write transaction (`ReplicaDatabase.withStore`).
///
/// While it writes shown rows, `_satchel_control.applying` is 1 and the triggers are silent; it is 0 again before the commit, so
/// that no other connection ever sees it set.
public final class SQLiteReplicaStore: ReplicaStore {
    public let reader: ReplicaReader
    let clock: @Sendable () -> UInt64
    private var isApplying = false
    /// Whether something was removed that must not be found in the file afterwards.
    private(set) var hasBlanked = false

    var connection: SQLiteConnection { reader.connection }

    init(_ database: Database, clock: @escaping @Sendable () -> UInt64) {
        reader = ReplicaReader(database)
        self.clock = clock
    }

    /// The connection, for reads beside the seam within the same transaction.
    public var database: Database { connection.database }

    // MARK: The triggers' silence

    func beginApplying() throws {
        guard !isApplying else { return }
        try connection.run("UPDATE \"_satchel_control\" SET \"applying\" = 1")
        isApplying = true
    }

    private func endApplying() throws {
        guard isApplying else { return }
        try connection.run("UPDATE \"_satchel_control\" SET \"applying\" = 0")
        isApplying = false
    }

    /// Writes as the app's own: the triggers judge and log what `body` does. Close what others wrote before it, and what it
    /// wrote after it, with `takeOpenChanges`.
    /// - Throws: the refusals of the triggers as `SatchelError`, after which the transaction must be given up.
    public func writeLocally<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try endApplying()
        return try SatchelError.mapping { try body(connection.database) }
    }

    func markBlanked() { hasBlanked = true }

    func finish() throws {
        try endApplying()
        if hasBlanked { try connection.run("UPDATE \"_satchel_control\" SET \"removals\" = \"removals\" + 1") }
        try connection.notify()
    }

    // MARK: State and schema

    public func state() throws -> ReplicaState { try reader.state() }

    public func setState(_ state: ReplicaState) throws {
        let values: [Value] = [
            state.replica.map { .bits($0.number) } ?? .null, .optional(state.user), .optional(state.organisation),
            .optional(state.server), state.cursor.map { .bits($0.epoch.number) } ?? .null,
            state.cursor.map { .bits($0.position.number) } ?? .null, state.cursor.map { .blob($0.seal) } ?? .null,
            .bits(state.lastCounter), .blob(state.lastHash), .bits(state.appliedThrough), .blob(state.appliedHash),
            .bits(state.confirmedThrough), state.lastSyncMilliseconds.map { .bits($0) } ?? .null,
        ]
        try connection.run("INSERT OR REPLACE INTO \"_satchel_state\" VALUES (1, \(SQLText.marks(values.count)))", values)
        let bootstrapping = state.cursor == nil
        try connection.run(
            "UPDATE \"_satchel_control\" SET \"bootstrapping\" = ?1 WHERE \"bootstrapping\" <> ?1",
            [.number(bootstrapping ? 1 : 0)])
        connection.touched.insert("_satchel_state")
    }

    public func schema() throws -> Schema? { try reader.schema() }

    public func install(_ schema: Schema) throws {
        let previous = try reader.schema()
        if previous == schema { return }
        try SchemaInstaller(connection: connection, schema: schema, previous: previous).install()
        reader.learn(schema)
        try reviseRights()
        connection.touched.insert("_satchel_schema")
    }

    // MARK: Local changes

    public func takeOpenChanges(limit: Int) throws -> [OpenChange] {
        var changes: [OpenChange] = []
        for names in try closingOrder() where changes.count < limit {
            let log = OpenLog(
                connection: connection, names: names, beginApplying: beginApplying,
                readable: { [reader] id in try reader.readable(RowKey(table: names.index, id: id)) ?? names.table.all },
                refuse: { [unowned self] fault in try addLocalRefusal(fault, in: names.table.name) })
            try connection.run("DELETE FROM \(names.captured)")
            // A whole slice may net to nothing while more is waiting.
            while try changes.count < limit && !log.isEmpty { changes += try log.take(limit: limit - changes.count) }
        }
        return changes
    }

    /// Tables before those that refer to them, so that a cut between two transactions never parts a new row from a later
    /// parent.
    private func closingOrder() throws -> [TableNames] {
        let tables = try reader.tables()
        let indexes = Dictionary(tables.map { ($0.table.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        var ordered: [TableNames] = []
        var visited: Set<Int> = []
        func visit(_ names: TableNames) {
            guard visited.insert(names.index).inserted else { return }
            for field in names.table.fields {
                if case .reference(let target) = field.type, let parent = indexes[target] { visit(tables[parent]) }
            }
            ordered.append(names)
        }
        tables.forEach(visit)
        return ordered
    }

    public func append(_ transaction: PendingTransaction) throws {
        try connection.run(
            "INSERT INTO \"_satchel_transaction\" VALUES (?, ?, ?)",
            [.bits(transaction.sealed.counter), .blob(transaction.sealed.payload), .blob(transaction.runningHash)])
        connection.touched.insert("_satchel_transaction")
    }

    public func transactions(after counter: UInt64, limit: Int, bytes: Int) throws -> [PendingTransaction] {
        try reader.transactions(after: counter, limit: limit, bytes: bytes)
    }

    public func transaction(_ counter: UInt64) throws -> PendingTransaction? { try reader.transaction(counter) }

    public func removeTransactions(through counter: UInt64) throws {
        if try connection.run("DELETE FROM \"_satchel_transaction\" WHERE \"counter\" <= ?", [.bits(counter)]) > 0 {
            connection.touched.insert("_satchel_transaction")
        }
    }
}
