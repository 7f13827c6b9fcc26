import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// A server over the memory store, spoken to transaction by transaction.
final class Bench {
    static let schema = Schema(
        name: "bench", version: 1,
        tables: [
            Table(
                name: "company", partition: [.territory(field: 1), .owner(field: 2)],
                fields: [
                    Field(name: "name", type: .text, isRequired: true, maximumLength: 20),
                    Field(name: "territory", type: .territory),
                    Field(name: "owner", type: .user), Field(name: "limit", type: .decimal),
                    Field(name: "tax", type: .text, isCreateOnly: true), Field(name: "notes", type: .text),
                ]),
            Table(
                name: "contact", partition: [.through(field: 0)],
                fields: [
                    Field(name: "company", type: .reference("company"), isRequired: true), Field(name: "name", type: .text),
                ]),
            Table(
                name: "call", partition: [.through(field: 0)],
                fields: [Field(name: "contact", type: .reference("contact")), Field(name: "topic", type: .text)]),
            Table(
                name: "product", partition: [.global],
                fields: [Field(name: "name", type: .text), Field(name: "cost", type: .decimal)]),
            Table(
                name: "visit", partition: [.through(field: 0), .through(field: 1)],
                fields: [
                    Field(name: "company", type: .reference("company")), Field(name: "partner", type: .reference("company")),
                    Field(name: "topic", type: .text),
                ]),
            // Nobody but a manager may read any of it.
            Table(
                name: "budget", partition: [.territory(field: 0)],
                fields: [Field(name: "territory", type: .territory), Field(name: "amount", type: .decimal)]),
        ])

    static let policy: Policy = {
        func set(_ indexes: Int...) -> FieldSet { FieldSet(indexes) }
        return Policy(
            name: "bench", version: 1,
            roles: [
                Policy.Role(name: "everyone", rights: [3: Rights(read: set(0))]),
                Policy.Role(
                    name: "rep",
                    rights: [
                        0: Rights(read: set(0, 1, 2, 3, 4, 5), write: set(0, 5), create: true),
                        1: Rights(read: set(0, 1), write: set(0, 1), create: true, delete: true),
                        2: Rights(read: set(0, 1), write: set(0, 1), create: true),
                        4: Rights(read: set(0, 2), write: set(2)),
                    ]),
                Policy.Role(
                    name: "manager",
                    rights: [
                        0: Rights(read: set(0, 1, 2, 3, 4, 5), write: set(0, 1, 2, 3, 5), create: true, delete: true),
                        1: Rights(read: set(0, 1), write: set(0, 1), create: true, delete: true),
                        2: Rights(read: set(0, 1), write: set(0, 1), create: true, delete: true),
                        3: Rights(read: set(0, 1), write: set(0, 1), create: true),
                        4: Rights(read: set(0, 1, 2), write: set(0, 1, 2), create: true),
                        5: Rights(read: set(0, 1), write: set(0, 1), create: true),
                    ]),
                Policy.Role(name: "owner", rights: [0: Rights(read: set(0))]),
            ])
    }()

    static let organisation = Organisation(
        territories: [
            "all": .init(id: "all", name: "All", parent: nil), "north": .init(id: "north", name: "North", parent: "all"),
            "south": .init(id: "south", name: "South", parent: "all"),
        ],
        users: [
            "anna": .init(id: "anna", name: "Anna"), "ben": .init(id: "ben", name: "Ben"), "mia": .init(id: "mia", name: "Mia"),
        ],
        grants: [
            .init(user: "anna", role: "rep", scope: .territory("north")),
            .init(user: "ben", role: "rep", scope: .territory("south")),
            .init(user: "mia", role: "manager", scope: .territory("all")),
        ])

    let store = MemoryServerStore(
        governance: Governance(schema: schema, policy: policy, organisation: organisation), epoch: Epoch(1))
    let now: UInt64 = 1_800_000_000_000
    private var counters: [String: UInt64] = [:]

    init() { for user in ["anna", "ben", "mia"] { store.enrol(Self.replica(user), user: user) } }

    static func replica(_ user: String) -> ReplicaID { ReplicaID(UInt64(user.utf8.first ?? 0)) }

    static func id(_ number: UInt8) -> RowID {
        var generator = Constant(number)
        return RowID.uuidV7(milliseconds: 1_800_000_000_000 + UInt64(number), random: &generator)
    }

    private struct Constant: RandomNumberGenerator {
        let value: UInt64
        init(_ number: UInt8) { value = UInt64(number) &* 0x0101_0101_0101_0101 }
        mutating func next() -> UInt64 { value }
    }

    var head: Position { (try? store.read { try $0.head().position }) ?? .zero }

    /// Commits a transaction as a user who stands at the log's head unless told otherwise.
    @discardableResult
    func commit(
        _ user: String, _ changes: [Change], seen: Position? = nil, isAtomic: Bool = false, wall: UInt64? = nil,
        trusted: Bool = false
    ) throws -> TransactionVerdict {
        let counter = (counters[user] ?? 0) + 1
        counters[user] = counter
        let clock = ClockReading(wallMilliseconds: wall ?? now, boot: [], uptimeMilliseconds: 0)
        let transaction = Transaction(
            counter: counter, epoch: Epoch(1), clock: clock, isAtomic: isAtomic,
            changes: changes.map { change in
                var change = change
                if change.seen == Self.atHead { change.seen = seen ?? head }
                return change
            })
        let item = IngestItem(
            replica: Self.replica(user), authority: trusted ? .trusted(user) : .user(user),
            sealed: SealedTransaction(counter: counter, payload: [UInt8(counter)]),
            after: try store.read { try $0.applied(Self.replica(user)).runningHash }, decoded: transaction,
            pushed: ClockReading(wallMilliseconds: now, boot: [], uptimeMilliseconds: 0), receivedMilliseconds: now,
            proven: head,
            epoch: Epoch(1))
        let report = try store.write { try Ingest.commit([item], in: $0) }
        guard case .verdict(let verdict) = report.outcomes[0] else { throw BenchFault(outcome: report.outcomes[0]) }
        return verdict
    }

    struct BenchFault: Error { let outcome: IngestOutcome }

    static let atHead = Position(.max)

    static func change(_ operation: Operation, _ table: String, _ id: RowID, _ values: [String: Value] = [:]) -> Change {
        Change(
            table: table, id: id, operation: operation, seen: atHead,
            cells: values.sorted { $0.key < $1.key }.map { CellWrite(field: $0.key, value: $0.value) })
    }

    func row(_ table: String, _ id: RowID) throws -> StoredRow? {
        let index = Self.schema.tableIndex(table) ?? -1
        return try store.read { try $0.row(RowKey(table: index, id: id)) }
    }

    func value(_ table: String, _ id: RowID, _ field: String) throws -> Value? {
        let index = Self.schema.table(table)?.fieldIndex(field) ?? -1
        return try row(table, id)?.state.value(index)
    }

    /// Anna's company in the north.
    @discardableResult
    func company(_ number: UInt8, by user: String = "anna", territory: String = "north") throws -> RowID {
        let id = Self.id(number)
        let verdict = try commit(
            user, [Self.change(.insert, "company", id, ["name": .text("Company \(number)"), "territory": .text(territory)])])
        if !verdict.exceptions.isEmpty { throw BenchFault(outcome: .verdict(verdict)) }
        return id
    }
}

extension Bench {
    /// All frames of one pull, and where it leads.
    func pull(_ user: String, from cursor: Cursor?) throws -> (frames: [PullFrame], cursor: Cursor?) {
        let mark = try store.read { try $0.applied(Self.replica(user)) }
        let key = [UInt8](repeating: 1, count: 32)
        var session = PullSession(
            open: PullOpen(
                commitment: Commitment(
                    cursor: cursor, lastCounter: mark.counter, runningHash: mark.runningHash, confirmedThrough: mark.counter),
                schemaVersion: 1, isLive: false), replica: Self.replica(user), user: user, sealer: CursorSealer(key: key),
            cipher: RootCipher(key: key))
        let frames = try store.read { reader in
            #expect(try session.begin(reader) == nil)
            var frames: [PullFrame] = []
            while true {
                let more = try session.next(reader)
                if more.isEmpty { return frames }
                frames += more
            }
        }
        guard case .checkpoint(let checkpoint) = frames.last else { return (frames, nil) }
        return (frames, checkpoint.cursor)
    }
}

extension TransactionVerdict {
    /// `field: code` of each exception, whole rows as `*`.
    var summary: [String] { exceptions.map { "\($0.field ?? "*"): \($0.code)" } }
}
