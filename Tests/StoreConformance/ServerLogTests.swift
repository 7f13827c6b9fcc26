import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@Suite struct ServerLogTests {
    @Test(arguments: ServerKind.allCases) func emptyStoreBeginsAtZero(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.store.read { (reader) throws in
                #expect(
                    try reader.head()
                        == LogHead(
                            epoch: ServerSubject.epoch, position: .zero, hash: [UInt8](repeating: 0, count: 32), clock: .zero,
                            nextRoot: .firstOfRows))
                #expect(try reader.applied(ReplicaID(7)) == .none)
                #expect(try reader.runningHash(ReplicaID(7), at: 0) == RunningHash.start)
                #expect(try reader.runningHash(ReplicaID(7), at: 1) == nil)
                #expect(try reader.verdicts(ReplicaID(7), counters: 1...UInt64.max).isEmpty)
                #expect(try reader.author(ReplicaID(7)) == "?")
                #expect(try reader.clock(at: .zero) == .zero)
                #expect(throws: SatchelError.self) { try reader.clock(at: Position(1)) }
            }
            #expect(subject.commitCount == 0)
        }
    }

    @Test(arguments: ServerKind.allCases) func entriesMarksAndVerdictsComeBackWhole(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let (one, other) = (ReplicaID(7), ReplicaID(.max >> 1))
            let key = ServerWorld.key(0, "a\"b'c")
            let refusal = RefusalID(dot: Dot(replica: other, counter: 1), number: 3)
            let exceptions = [
                VerdictException(
                    table: "company", id: key.id, field: "name", outcome: .superseded, code: .concurrentWrite, reason: "später"),
                VerdictException(
                    table: "company", id: key.id, field: nil, outcome: .refused(refusal), code: .noLongerInScope, reason: ""),
                VerdictException(
                    table: "nowhere", id: key.id, field: "", outcome: .merged, code: ErrorCode(rawValue: "of-the-future"),
                    reason: "x"),
            ]
            let first = try subject.commit { draft in
                try draft.transaction(by: one, payload: [])
                try draft.transaction(by: other, user: "ben", payload: [0, 255], exceptions: exceptions)
                draft.rules(.grant(ServerWorld.grant("ben", "rep", "emea")))
                try draft.transaction(by: one, payload: Array(repeating: 9, count: 70_000), isVoid: true)
            }
            let second = try subject.commit { try $0.transaction(by: one) }
            try subject.reopen()

            #expect(try subject.entries(after: .zero) == first.entries + second.entries)
            #expect(try subject.entries(after: Position(1), limit: 2) == Array(first.entries[1...2]))
            #expect(try subject.entries(after: Position(5)).isEmpty)
            try subject.store.read { (reader) throws in
                #expect(try reader.head() == second.head)
                #expect(try reader.applied(one) == second.applied[one])
                #expect(try reader.applied(other) == first.applied[other])
                #expect(try reader.applied(one).counter == 3)
                #expect(try reader.runningHash(one, at: 3) == second.applied[one]?.runningHash)
                #expect(try reader.runningHash(one, at: 4) == nil)
                #expect(try reader.verdicts(other, counters: 1...1).first?.exceptions == exceptions)
                #expect(try reader.verdicts(one, counters: 2...UInt64.max).map(\.counter) == [2, 3])
                #expect(try reader.verdicts(one, counters: 2...2).map(\.isVoid) == [true])
                #expect(try reader.verdicts(one, counters: 1...3).map(\.position) == [1, 4, 5].map(Position.init))
                #expect(try reader.verdicts(one, counters: 4...9).isEmpty)
                #expect(try reader.clock(at: Position(3)) == first.entries[2].clock)
            }
        }
    }

    @Test(arguments: ServerKind.allCases) func authorsAndEpochs(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.enrol(ReplicaID(9), user: "ben")
            try subject.commit { try $0.transaction() }
            try subject.commit { try $0.transaction() }
            try subject.beginEpoch(Epoch(5))
            try subject.commit { try $0.transaction() }
            try subject.reopen()
            try subject.store.read { (reader) throws in
                #expect(try reader.author(ReplicaID(9)) == "ben")
                #expect(try reader.head().epoch == Epoch(5))
                #expect(try reader.fork(of: ServerSubject.epoch) == Position(2))
                #expect(try reader.fork(of: Epoch(5)) == Position(3))
                #expect(try reader.fork(of: Epoch(6)) == nil)
            }
        }
    }

    @Test(arguments: ServerKind.allCases) func chainsThatGoOnUnderAnotherIdentity(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let (first, heir, sibling, stranger) = (ReplicaID(7), ReplicaID(8), ReplicaID(9), ReplicaID(10))
            for _ in 0..<3 { try subject.commit { try $0.transaction(by: first) } }
            let hash = try #require(try subject.store.read { try $0.runningHash(first, at: 2) })
            for id in [heir, sibling] {
                try subject.store.write {
                    try Succession.begin(
                        id, after: Predecessor(replica: first, confirmedThrough: 2, runningHash: hash), in: $0)
                }
            }
            try subject.store.write {
                try Succession.begin(
                    stranger, after: Predecessor(replica: first, confirmedThrough: 3, runningHash: hash), in: $0)
            }
            try subject.store.write { writer in
                var commit = Commit(head: try writer.head())
                commit.kin = [heir: [first: 1, sibling: 5]]
                try writer.write(commit)
            }
            try subject.reopen()
            try subject.store.read { (reader) throws in
                let last = try #require(try reader.verdicts(first, counters: 2...2).first)
                #expect(
                    try reader.applied(heir)
                        == AppliedMark(counter: 2, runningHash: hash, time: try reader.clock(at: last.position)))
                #expect(try reader.runningHash(heir, at: 2) == hash)
                #expect(try reader.runningHash(heir, at: 1) == nil)
                #expect(try reader.kin(of: heir) == [first: 2, sibling: 5])
                #expect(try reader.kin(of: stranger) == [:])
                #expect(try reader.applied(stranger) == AppliedMark(counter: 3, runningHash: hash, time: .zero))
                #expect(try reader.family(of: first) == [heir, sibling])
                #expect(try reader.family(of: heir) == [first, sibling])
                #expect(try reader.family(of: sibling) == [first, heir])
                #expect(try reader.family(of: stranger) == [])
            }
            #expect(throws: SatchelError.self) {
                try subject.store.write {
                    try Succession.begin(
                        heir, after: Predecessor(replica: first, confirmedThrough: 2, runningHash: hash), in: $0)
                }
            }
        }
    }

    /// Each fault alone, in an otherwise good commit: it is refused and nothing of it is kept.
    @Test(
        arguments: ServerKind.allCases,
        [
            Fault("position left out") { $0.entries[0].position = $0.entries[0].position.next },
            Fault("head elsewhere") { $0.head.position = $0.head.position.next },
            Fault("head's hash") { $0.head.hash = [UInt8](repeating: 1, count: 32) },
            Fault("short hash") { $0.entries[0].hash.removeLast() },
            Fault("clock back") { $0.entries[0].clock = .zero },
            Fault("foreign epoch") { $0.head.epoch = Epoch(1) },
            Fault("root given back") { $0.head.nextRoot = .firstOfRows },
            Fault("no replica") { $0.entries[0].replica = nil },
            Fault("no mark") { $0.applied = [:] },
            Fault("mark too far") { $0.applied[ReplicaID(7)]?.counter += 1 },
            Fault("mark without transaction") {
                $0.applied[ReplicaID(8)] = AppliedMark(counter: 1, runningHash: [], time: .zero)
            },
            Fault("counter repeated") { $0.recount(1) },
            Fault("counter left out") { $0.recount(3) },
            Fault("row twice") { $0.rows.append($0.rows[0]) },
            Fault("no such table") { $0.rows[0].key = RowKey(table: 3, id: $0.rows[0].key.id) },
            Fault("row beyond the head") { $0.rows[0].position = Position(99) },
            Fault("two links to a root") { $0.rows[0].links.append(RootLink(root: $0.rows[0].links[0].root, began: .zero)) },
            Fault("link to no root") { $0.rows[0].links[0].root = RootNumber(99) },
            Fault("membership of no root") { $0.memberships[0].root = RootNumber(99) },
            Fault("membership ends early") { $0.memberships[0].ended = .zero },
            Fault("touched beyond the head") { $0.touched[.global] = Position(99) },
            Fault("unstorable value") {
                $0.rows[0] = ServerWorld.row(ServerWorld.company, "f", $0.rows[0].position, [ServerWorld.score: .real(.nan)])
            },
            Fault("ill-typed value") {
                $0.rows[0] = ServerWorld.row(ServerWorld.company, "f", $0.rows[0].position, [ServerWorld.name: .integer(1)])
            },
        ])
    func faultyCommitIsRefusedWhole(_ kind: ServerKind, _ fault: Fault) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.commit { try $0.company("a", in: .territory("dach")) }
            let before = try subject.store.read { try $0.head() }
            let error = #expect(throws: SatchelError.self) {
                try subject.commit { draft in
                    try draft.company("b", in: .territory("dach"))
                    fault.make(&draft.commit)
                }
            }
            #expect(error?.code == .internalError)
            try subject.store.read { (reader) throws in
                #expect(try reader.head() == before)
                #expect(try reader.applied(ReplicaID(7)).counter == 1)
                #expect(try reader.row(ServerWorld.key(0, "b")) == nil)
                #expect(try reader.roots(in: .territory("dach"), changedAfter: .zero) == [RootNumber(2)])
            }
            #expect(subject.commitCount == 1)
            // And the store goes on.
            try subject.commit { try $0.company("b", in: .territory("dach")) }
        }
    }
}

struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (inout Commit) -> Void

    init(_ description: String, _ make: @escaping @Sendable (inout Commit) -> Void) {
        testDescription = description
        self.make = make
    }
}

extension Commit {
    /// Another counter for the first transaction, consistently.
    fileprivate mutating func recount(_ counter: UInt64) {
        guard case .transaction(var sealed, var verdict, let hash) = entries[0].content else { return }
        sealed.counter = counter
        verdict.counter = counter
        entries[0].content = .transaction(sealed, verdict, runningHash: hash)
        applied[ReplicaID(7)]?.counter = counter
    }
}
