import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Random histories written to both stores: whatever is asked, they answer alike.
@Suite struct ServerModelTests {
    @Test(arguments: 1...12) func storesAnswerAlike(_ seed: Int) throws {
        try ServerSubject.run(.memory) { (model) throws in
            try ServerSubject.run(.sqlite) { (subject) throws in
                var history = RandomHistory(seed: UInt64(seed))
                for step in 1...25 {
                    let commit = try model.store.read { try history.next($0) }
                    for store in [model.store, subject.store] { try store.write { try $0.write(commit) } }
                    if step % 10 == 0 { try subject.reopen() }
                    try compare(model.store, subject.store, &history)
                }
                #expect(try model.entries(after: .zero) == subject.entries(after: .zero))
            }
        }
    }

    /// All pages together.
    private static func rows(
        _ reader: any ServerReader, under root: RootNumber, after position: Position, limit: Int
    ) throws -> [StoredRow] {
        var rows: [StoredRow] = []
        var page: RowPage?
        repeat {
            let found = try reader.rows(under: root, changedAfter: position, page: page, limit: limit)
            #expect(found.rows.count <= limit)
            rows += found.rows
            page = found.next
        } while page != nil
        #expect(rows.allSatisfy { ($0.position(under: root) ?? .zero) > position })
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.key < $1.key })
        return rows
    }

    private func compare(_ model: any ServerStore, _ store: any ServerStore, _ history: inout RandomHistory) throws {
        let position = history.somePosition()
        let limit = history.pick(1...20)
        func same<T: Equatable>(_ what: String, _ ask: (any ServerReader) throws -> T) throws {
            let (expected, found) = (try model.read(ask), try store.read(ask))
            let isSame = found == expected
            #expect(isSame, "\(what) after \(position)")
        }
        try same("head") { try $0.head() }
        try same("governance") { try $0.governance(at: position) }
        try same("governance position") { try $0.governancePosition() }
        try same("clock") { try $0.clock(at: position) }
        for replica in history.replicas {
            try same("applied") { try $0.applied(replica) }
            try same("verdicts") { try $0.verdicts(replica, counters: 2...5) }
            try same("running hash") { try $0.runningHash(replica, at: 3) }
        }
        for key in history.keys {
            try same("row \(key)") { try $0.row(key) }
            try same("references to \(key)") { reader in
                try [1, 2].map { try reader.referencing(table: 1, field: $0, id: key.id) }
            }
        }
        for root in (0...history.lastRoot).map({ RootNumber(UInt64($0)) }) {
            try same("memberships of \(root)") { try $0.memberships(of: root) }
            try same("rows under \(root)") { try Self.rows($0, under: root, after: position, limit: limit) }
        }
        for scope in history.scopes { try same("roots in \(scope)") { try $0.roots(in: scope, changedAfter: position) } }
        for user in history.users { try same("refusals of \(user)") { try $0.outstandingRefusals(of: user) } }
    }
}

/// Commits that keep to the rules of `Commit.check` and to nothing else.
struct RandomHistory {
    private var state: UInt64
    private var head = Position.zero
    private var opened: [RefusalRecord] = []
    private(set) var lastRoot = 1
    let replicas = [ReplicaID(3), ReplicaID(.max >> 1)]
    let users = ["anna", "ben"]
    let scopes: [Scope] = [.global, .territory("emea"), .territory("dach"), .user("anna"), .user("emea")]
    let keys: [RowKey] = (0..<3).flatMap { table in ["a", "b", "c", "d"].map { ServerWorld.key(table, $0) } }

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random() % UInt64(range.count)) }
    private mutating func pick<T>(_ items: [T]) -> T { items[pick(0...items.count - 1)] }
    private mutating func chance(_ percent: Int) -> Bool { pick(1...100) <= percent }

    mutating func somePosition() -> Position { Position(UInt64(pick(0...Int(head.number)))) }

    mutating func next(_ reader: any ServerReader) throws -> Commit {
        var draft = try CommitDraft(reader)
        for _ in 0..<pick(1...3) {
            if chance(20) {
                draft.rules(change(), change())
            } else {
                let position = try draft.transaction(by: pick(replicas), user: pick(users), payload: [UInt8(pick(0...255))])
                refuse(at: position, &draft)
            }
        }
        let first = draft.commit.entries[0].position.number
        head = draft.commit.head.position
        while chance(40) { lastRoot = Int(draft.newRoot().number) }
        for key in keys where chance(30) {
            let position = Position(UInt64(pick(Int(first)...Int(head.number))))
            draft.commit.rows.append(try row(key, position, reader))
        }
        for _ in 0..<pick(0...3) where lastRoot > 1 { try move(RootNumber(UInt64(pick(2...lastRoot))), reader, &draft) }
        for _ in 0..<pick(0...2) {
            draft.touch(RootNumber(UInt64(pick(1...lastRoot))), Position(UInt64(pick(Int(first)...Int(head.number)))))
        }
        return draft.commit
    }

    private mutating func change() -> GovernanceChange {
        let grant = ServerWorld.grant(pick(users), pick(["rep", "manager"]), pick(["emea", "dach"]))
        switch pick(0...3) {
        case 0: return .territory(Organisation.Territory(id: pick(["emea", "x"]), name: "N\(pick(0...9))", parent: nil))
        case 1: return .user(Organisation.User(id: pick(["anna", "mia"]), name: "U\(pick(0...9))", isDisabled: chance(30)))
        case 2: return .grant(grant)
        default: return .revoke(grant)
        }
    }

    private mutating func refuse(at position: Position, _ draft: inout CommitDraft) {
        if chance(30), let last = draft.commit.entries.last, let replica = last.replica {
            let dot = Dot(replica: replica, counter: draft.commit.applied[replica]?.counter ?? 0)
            let record = RefusalRecord(
                id: RefusalID(dot: dot, number: 1), position: position, user: pick(users), time: .zero, table: "t",
                row: pick(keys).id, operation: .delete, seen: .zero, cells: [], field: nil, code: .noScope, reason: "")
            opened.append(record)
            draft.commit.refusals.append(record)
        } else if chance(20), !opened.isEmpty {
            var record = opened.remove(at: pick(0...opened.count - 1))
            if draft.commit.refusals.contains(where: { $0.id == record.id }) { return opened.append(record) }
            record.state = .retried
            draft.commit.refusals.append(record)
        }
    }

    private mutating func row(_ key: RowKey, _ position: Position, _ reader: any ServerReader) throws -> StoredRow {
        var row = try reader.row(key) ?? StoredRow(key: key, position: position)
        let stamp = ServerWorld.stamp(position.number, replica: UInt64(pick(1...2)), counter: position.number)
        let past = PositionPast(dot: stamp.dot, seen: chance(70) ? Position(position.number - 1) : .zero)
        if chance(15) {
            _ = row.state.delete(stamp, past: past)
        } else {
            let incarnation = row.state.insert(stamp, past: past)
            let values: [Value] =
                key.table == 1 ? [.text("n"), .text(pick(keys).id.text), .text(pick(keys).id.text)] : [.text("n")]
            for (field, value) in values.enumerated() where chance(60) {
                let head = Head(value: chance(10) ? .null : value, stamp: stamp)
                _ = row.state.admit(head, field: field, incarnation: incarnation, past: past, kind: .lww)
            }
        }
        row.position = max(row.position, position)
        for root in (1...lastRoot).map({ RootNumber(UInt64($0)) }) where chance(25) {
            if let place = row.links.firstIndex(where: { $0.root == root && $0.ended == nil }) {
                row.links[place].ended = row.position
            } else {
                row.links.append(RootLink(root: root, began: row.position))
            }
        }
        if row.ownRoot == nil, lastRoot > 1, chance(20) { row.ownRoot = RootNumber(UInt64(pick(2...lastRoot))) }
        return row
    }

    private mutating func move(_ root: RootNumber, _ reader: any ServerReader, _ draft: inout CommitDraft) throws {
        guard !draft.commit.memberships.contains(where: { $0.root == root }) else { return }
        let position = draft.commit.entries[pick(0...draft.commit.entries.count - 1)].position
        for var membership in try reader.memberships(of: root) where membership.ended == nil && chance(60) {
            membership.ended = position
            draft.commit.memberships.append(membership)
        }
        if chance(80) { draft.commit.memberships.append(Membership(root: root, scope: pick(scopes), began: position)) }
        draft.touch(root, position)
    }
}
