import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Rows and answers that would not fit one frame.
@Suite struct LargeRowTests {
    /// A row of several greatest values arrives whole, in frames that each stay below the limit.
    @Test func aRowLargerThanAFrameArrivesInParts() throws {
        let names = (0..<8).map { "part_\($0)" }
        let schema = Schema(
            name: "large", version: 1,
            tables: [Table(name: "note", partition: [.global], fields: names.map { Field(name: $0, type: .text) })])
        let all = FieldSet(upTo: 8)
        let policy = Policy(
            name: "large", version: 1,
            roles: [.init(name: "everyone", rights: [0: Rights(read: all, write: all, create: true)])])
        let organisation = Organisation(users: ["anna": .init(id: "anna", name: "Anna")])
        let store = MemoryServerStore(
            governance: Governance(schema: schema, policy: policy, organisation: organisation), epoch: Epoch(1))
        let replica = ReplicaID(1)
        store.enrol(replica, user: "anna")
        let id = Bench.id(1)
        let values = names.map { Value.text(String(repeating: $0.last ?? "x", count: Limits.valueBytes - 1)) }
        for (index, name) in names.enumerated() {
            let clock = ClockReading(wallMilliseconds: 1, boot: [], uptimeMilliseconds: 0)
            let operation: Operation = index == 0 ? .insert : .update
            let transaction = Transaction(
                counter: UInt64(index + 1), epoch: Epoch(1), clock: clock,
                changes: [
                    Change(
                        table: "note", id: id, operation: operation, seen: .zero,
                        cells: [CellWrite(field: name, value: values[index])])
                ])
            let item = IngestItem(
                replica: replica, authority: .user("anna"),
                sealed: SealedTransaction(counter: transaction.counter, payload: []),
                after: try store.read { try $0.applied(replica).runningHash }, decoded: transaction, pushed: clock,
                receivedMilliseconds: 1, proven: .zero, epoch: Epoch(1))
            let report = try store.write { try Ingest.commit([item], in: $0) }
            guard case .verdict(let verdict) = report.outcomes[0], verdict.exceptions.isEmpty else {
                Issue.record("\(report.outcomes)")
                return
            }
        }
        let mark = try store.read { try $0.applied(replica) }
        var session = PullSession(
            open: PullOpen(
                commitment: Commitment(cursor: nil, lastCounter: 8, runningHash: mark.runningHash, confirmedThrough: 8),
                schemaVersion: nil, isLive: false), replica: replica, user: "anna",
            sealer: CursorSealer(key: Array(repeating: 1, count: 32)), cipher: RootCipher(key: Array(repeating: 1, count: 32)))
        let frames = try store.read { reader in
            #expect(try session.begin(reader) == nil)
            var frames: [PullFrame] = []
            while true {
                let more = try session.next(reader)
                if more.isEmpty { return frames }
                frames += more
            }
        }
        var row: [Value] = names.map { _ in .null }
        var isThere = false
        for case .rows(let batch) in frames {
            let bytes = batch.columns.joined().reduce(0) { sum, value in
                if case .text(let text) = value { return sum + text.utf8.count }
                return sum
            }
            #expect(bytes <= Limits.frameBytes / 2)
            #expect(batch.isComplete || isThere, "a part came before its row")
            if batch.isComplete { isThere = true }
            for (column, name) in batch.fields.enumerated() { row[names.firstIndex(of: name) ?? 0] = batch.columns[column][0] }
        }
        #expect(row == values)
    }

    /// Losers as great as a value may be are told all the same.
    @Test func aConflictOfGreatValuesNamesItsLosers() throws {
        let bench = Bench()
        let company = try bench.company(1)
        let seen = bench.head
        for (user, letter) in [("anna", "a"), ("mia", "b")] {
            let notes = Value.text(String(repeating: letter, count: Limits.valueBytes))
            try bench.commit(user, [Bench.change(.update, "company", company, ["notes": notes])], seen: seen)
        }
        var losers: [String] = []
        for case .conflicts(let batch) in try bench.pull("mia", from: nil).frames {
            losers += batch.entries.flatMap { $0.heads.dropFirst().map(\.user) }
        }
        #expect(losers.count == 1)
    }

    @Test func manyVerdictsAreSplitOverFrames() {
        let exception = VerdictException(
            table: "t", id: Bench.id(1), field: nil, outcome: .superseded, code: .concurrentWrite, reason: "r")
        let verdicts = (1...10).map { counter in
            TransactionVerdict(
                counter: UInt64(counter), position: Position(1),
                exceptions: Array(repeating: exception, count: Limits.frameExceptions / 3))
        }
        let groups = verdicts.framed()
        #expect(groups.flatMap { $0 } == verdicts)
        #expect(groups.allSatisfy { $0.reduce(0) { $0 + $1.exceptions.count } <= Limits.frameExceptions })
        #expect([TransactionVerdict]().framed() == [[]])
        let whole = TransactionVerdict(
            counter: 1, position: Position(1), exceptions: Array(repeating: exception, count: Limits.frameExceptions * 2))
        #expect([whole].framed() == [[whole]])
    }
}
