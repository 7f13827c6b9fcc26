import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// A small organisation, and short ways to write its rows.
enum ServerWorld {
    static let company = 0
    static let contact = 1
    static let product = 2
    /// Fields of `company`.
    static let name = 0
    static let territory = 1
    static let score = 2
    static let visits = 3
    static let active = 4
    static let logo = 5
    /// Fields of `contact`.
    static let employer = 1
    static let chief = 2

    static let schema = Schema(
        name: "small", version: 3,
        tables: [
            Table(
                name: "company", partition: [.territory(field: 1), .owner(field: 6)],
                fields: [
                    Field(name: "name", type: .text, isRequired: true, maximumLength: 200),
                    Field(name: "territory", type: .territory), Field(name: "score", type: .real),
                    Field(name: "visits", type: .integer), Field(name: "active", type: .boolean),
                    Field(name: "logo", type: .blob),
                    Field(name: "owner", type: .user, isCreateOnly: true),
                    Field(name: "industry", type: .enumeration(["retail", "services"])), Field(name: "limit", type: .decimal),
                    Field(name: "tags", type: .set), Field(name: "extra", type: .json), Field(name: "since", type: .date),
                    Field(name: "seen", type: .datetime),
                ]),
            Table(
                name: "contact", partition: [.through(field: 1)],
                fields: [
                    Field(name: "name", type: .text), Field(name: "employer", type: .reference("company")),
                    Field(name: "chief", type: .reference("contact")),
                ]),
            Table(name: "product", partition: [.global], fields: [Field(name: "name", type: .text)]),
        ])

    static let policy = Policy(
        name: "small", version: 2, graceDays: 12, precedence: ["manager", "rep"],
        roles: [
            Policy.Role(
                name: "rep",
                rights: [
                    0: Rights(read: schema.tables[0].all, write: FieldSet([0, 3]), create: true, createFields: FieldSet([4])),
                    1: Rights(read: FieldSet([0, 2]), delete: true),
                ]),
            Policy.Role(name: "manager", rights: [2: Rights(read: FieldSet([0]), write: FieldSet([0]))]),
        ])

    static let governance = Governance(
        schema: schema, policy: policy,
        organisation: Organisation(
            territories: [
                "emea": Organisation.Territory(id: "emea", name: "EMEA", parent: nil),
                "dach": Organisation.Territory(id: "dach", name: "DACH", parent: "emea"),
            ],
            users: [
                "anna": Organisation.User(id: "anna", name: "Anna Berg"),
                "ben": Organisation.User(id: "ben", name: "Ben Ek", isDisabled: true),
            ],
            grants: [grant("anna", "rep", "dach"), Organisation.Grant(user: "ben", role: "manager", scope: .global)]))

    static func grant(_ user: String, _ role: String, _ territory: String) -> Organisation.Grant {
        Organisation.Grant(user: user, role: role, scope: .territory(territory))
    }

    static func key(_ table: Int, _ id: String) -> RowKey {
        guard let id = RowID(id) else { preconditionFailure("a test names a row \(id)") }
        return RowKey(table: table, id: id)
    }

    static func stamp(_ position: UInt64, replica: UInt64 = 7, counter: UInt64? = nil) -> Stamp {
        Stamp(
            dot: Dot(replica: ReplicaID(replica), counter: counter ?? position), position: Position(position),
            time: HLC(milliseconds: 1_000 + position, logical: UInt32(position % 3)))
    }

    /// A living row whose cells were all written at its position.
    static func row(
        _ table: Int, _ id: String, _ position: Position, _ cells: [Int: Value] = [:], root: RootNumber? = nil,
        links: [RootLink] = []
    ) -> StoredRow {
        let stamp = stamp(position.number)
        let past = PositionPast(dot: stamp.dot, seen: .zero)
        var state = RowState()
        let incarnation = state.insert(stamp, past: past)
        for (field, value) in cells {
            _ = state.admit(Head(value: value, stamp: stamp), field: field, incarnation: incarnation, past: past, kind: .lww)
        }
        return StoredRow(key: key(table, id), state: state, ownRoot: root, links: links, position: position)
    }
}

/// A commit as the engine would make one: entries in sequence, marks, a head that fits.
struct CommitDraft {
    private let reader: any ServerReader
    var commit: Commit

    init(_ reader: any ServerReader) throws {
        self.reader = reader
        commit = Commit(head: try reader.head())
    }

    /// The position that the next entry gets.
    var next: Position { commit.head.position.next }

    @discardableResult
    mutating func transaction(
        by replica: ReplicaID = ReplicaID(7), user: String = "anna", payload: [UInt8] = [1, 2, 3], isVoid: Bool = false,
        exceptions: [VerdictException] = []
    ) throws -> Position {
        let mark = try commit.applied[replica] ?? reader.applied(replica)
        let sealed = SealedTransaction(counter: mark.counter + 1, payload: payload)
        let runningHash = RunningHash.next(mark.runningHash, sealed)
        let verdict = TransactionVerdict(counter: sealed.counter, position: next, isVoid: isVoid, exceptions: exceptions)
        let position = append(.transaction(sealed, verdict, runningHash: runningHash), replica: replica, user: user)
        commit.applied[replica] = AppliedMark(counter: sealed.counter, runningHash: runningHash, time: commit.head.clock)
        return position
    }

    @discardableResult
    mutating func rules(_ changes: GovernanceChange...) -> Position {
        append(.governance(changes), replica: nil, user: "admin")
    }

    private mutating func append(_ content: LogEntry.Content, replica: ReplicaID?, user: String) -> Position {
        let position = next
        let time = HLC(milliseconds: 1_000 * position.number, logical: UInt32(position.number % 5))
        let hash = (0..<32).map { UInt8(truncatingIfNeeded: $0 &+ Int(position.number)) }
        commit.entries.append(
            LogEntry(
                position: position, replica: replica, user: user, receivedMilliseconds: 900 * position.number, time: time,
                clock: time, content: content, hash: hash))
        commit.head.position = position
        commit.head.clock = time
        commit.head.hash = hash
        return position
    }

    mutating func newRoot() -> RootNumber {
        let root = commit.head.nextRoot
        commit.head.nextRoot = root.next
        return root
    }

    mutating func touch(_ root: RootNumber, _ position: Position) { commit.touched[root] = position }

    /// A company in a scope, with a root of its own.
    @discardableResult
    mutating func company(_ id: String, in scope: Scope, cells: [Int: Value] = [:]) throws -> RootNumber {
        let position = try transaction()
        let root = newRoot()
        let link = RootLink(root: root, began: position)
        commit.rows.append(ServerWorld.row(ServerWorld.company, id, position, cells, root: root, links: [link]))
        commit.memberships.append(Membership(root: root, scope: scope, began: position))
        touch(root, position)
        return root
    }
}
