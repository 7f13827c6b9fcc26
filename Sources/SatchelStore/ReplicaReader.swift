import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// What a replica's file says, for showing it to a person: everything that reads and changes nothing.
///
/// Valid within one access to the file (`ReplicaDatabase.read`, or inside a `SQLiteReplicaStore`).
public final class ReplicaReader {
    let connection: SQLiteConnection
    private var known: Schema?
    private var names: [TableNames] = []

    /// - Parameter database: a connection to a file that `ReplicaDatabase.open` has accepted.
    public init(_ database: Database) { connection = SQLiteConnection(database) }

    public var database: Database { connection.database }

    // MARK: The replica

    public func state() throws -> ReplicaState {
        let sql = """
            SELECT "replica", "user", "organisation", "server", "epoch", "position", "seal", "last_counter", "last_hash",
                "applied_through", "applied_hash", "confirmed_through", "last_sync" FROM "_satchel_state"
            """
        return try connection.first(sql) { row in
            func number(_ column: Int) -> UInt64 { UInt64(bitPattern: row.integer(column)) }
            func text(_ column: Int) -> String? { row.isNull(column) ? nil : row.text(column) }
            var state = ReplicaState()
            state.replica = row.isNull(0) ? nil : ReplicaID(number(0))
            state.user = text(1)
            state.organisation = text(2)
            state.server = text(3)
            if !row.isNull(4) {
                state.cursor = Cursor(epoch: Epoch(number(4)), position: Position(number(5)), seal: row.bytes(6))
            }
            state.lastCounter = number(7)
            state.lastHash = row.bytes(8)
            state.appliedThrough = number(9)
            state.appliedHash = row.bytes(10)
            state.confirmedThrough = number(11)
            state.lastSyncMilliseconds = row.isNull(12) ? nil : number(12)
            return state
        } ?? ReplicaState()
    }

    public func schema() throws -> Schema? {
        if let known { return known }
        guard let bytes = try connection.first("SELECT \"content\" FROM \"_satchel_schema\"", [], { $0.bytes(0) }) else {
            return nil
        }
        let schema = try StoredSchema.decode(bytes)
        learn(schema)
        return schema
    }

    func learn(_ schema: Schema) {
        known = schema
        names = schema.tables.enumerated().map { TableNames(index: $0, table: $1) }
    }

    /// Whether a removal of rows or cells could not yet be made thorough, because other programs were reading: what was
    /// removed may still be found in the file's `-wal` or free space.
    public func isBlankingPending() throws -> Bool {
        try connection.exists("SELECT 1 FROM \"_satchel_control\" WHERE \"blanked\" < \"removals\"")
    }

    // MARK: Local changes

    /// Whether anything was written since the log was last closed.
    public func hasOpenChanges() throws -> Bool {
        for table in try tables() where try connection.exists("SELECT 1 FROM \(table.log)") { return true }
        return false
    }

    /// Transactions not yet acknowledged in a checkpoint.
    public func transactionCount() throws -> Int {
        try connection.first("SELECT count(*) FROM \"_satchel_transaction\"") { Int($0.integer(0)) } ?? 0
    }

    /// See `ReplicaStore.transactions(after:limit:bytes:)`.
    public func transactions(after counter: UInt64, limit: Int, bytes: Int) throws -> [PendingTransaction] {
        let sql =
            "SELECT \"counter\", \"payload\", \"hash\" FROM \"_satchel_transaction\" WHERE \"counter\" > ? ORDER BY \"counter\" LIMIT ?"
        let statement = try connection.prepare(sql)
        defer { statement.reset() }
        try statement.bind(.bits(counter), at: 1)
        try statement.bind(.number(limit), at: 2)
        var out: [PendingTransaction] = []
        var size = 0
        while try statement.step() {
            let transaction = pending(statement)
            size += transaction.sealed.payload.count
            if size > bytes, !out.isEmpty { break }
            out.append(transaction)
        }
        return out
    }

    public func transaction(_ counter: UInt64) throws -> PendingTransaction? {
        try connection.first(
            "SELECT \"counter\", \"payload\", \"hash\" FROM \"_satchel_transaction\" WHERE \"counter\" = ?", [.bits(counter)],
            pending)
    }

    private func pending(_ row: Prepared) -> PendingTransaction {
        PendingTransaction(
            sealed: SealedTransaction(counter: UInt64(bitPattern: row.integer(0)), payload: row.bytes(1)),
            runningHash: row.bytes(2))
    }

    // MARK: Rows

    /// The values shown, one a field, hidden ones null; nil when the row is not there.
    public func row(_ key: RowKey) throws -> [Value]? {
        let names = try names(key.table)
        let columns = names.fieldNames.isEmpty ? "NULL" : SQLText.list(names.fieldNames)
        return try connection.first("SELECT \(columns) FROM \(names.shown) WHERE \"id\" = ?", [.text(key.id)]) { row in
            names.table.fields.indices.map { row.value($0) }
        }
    }

    /// The fields of a row that are readable, the others being hidden rather than NULL. Nil when the server has not placed
    /// the row yet (made here): then nothing is hidden.
    public func readable(_ key: RowKey) throws -> FieldSet? {
        let names = try names(key.table)
        let sql = """
            SELECT g."r0", g."r1", g."r2", g."r3" FROM \(names.placed) AS p
            LEFT JOIN "_satchel_right" AS g ON g."key" = \(names.rightKey("p.\"mask\"")) WHERE p."id" = ?
            """
        return try connection.first(sql, [.text(key.id)]) { $0.fields(from: 0) }
    }

    func names(_ table: Int) throws -> TableNames {
        let all = try tables()
        guard all.indices.contains(table) else {
            throw SatchelError(
                .unknownTable, "There is no table number \(table).", remedy: "Sync to learn the organisation's tables.")
        }
        return all[table]
    }

    func tables() throws -> [TableNames] {
        if known == nil { _ = try schema() }
        return names
    }
}

extension Prepared {
    /// Four words of a field set; NULL counts as none.
    func fields(from column: Int) -> FieldSet {
        let words = (0..<4).map { UInt64(bitPattern: integer(column + $0)) }
        return FieldSet(words: SIMD4(words[0], words[1], words[2], words[3]))
    }
}
