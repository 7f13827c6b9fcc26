import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// A file that goes on under a new identity: nothing arrives twice, and what it wrote before is its own past.
@Suite struct SuccessionTests {
    let bench = Bench()
    private let old = Bench.replica("anna")
    private let new = ReplicaID(1_000)

    /// One file's transactions, whatever identity sends them.
    private struct File {
        var sealed: [(sealed: SealedTransaction, before: [UInt8], decoded: Transaction)] = []
        var hash = RunningHash.start

        mutating func write(_ changes: [Change], epoch: Epoch = Epoch(1)) {
            let counter = UInt64(sealed.count + 1)
            let clock = ClockReading(wallMilliseconds: 1_800_000_000_000, boot: [], uptimeMilliseconds: 0)
            let transaction = Transaction(counter: counter, epoch: epoch, clock: clock, isAtomic: false, changes: changes)
            let next = SealedTransaction(counter: counter, payload: [UInt8(counter)])
            sealed.append((next, hash, transaction))
            hash = RunningHash.next(hash, next)
        }
    }

    private func push(_ file: File, _ counters: ClosedRange<Int>, as replica: ReplicaID) throws -> [IngestOutcome] {
        let head = bench.head
        let items = counters.map { counter in
            let (sealed, before, decoded) = file.sealed[counter - 1]
            return IngestItem(
                replica: replica, authority: .user("anna"), sealed: sealed, after: before, decoded: decoded,
                pushed: ClockReading(wallMilliseconds: bench.now, boot: [], uptimeMilliseconds: 0),
                receivedMilliseconds: bench.now, proven: head, epoch: Epoch(1))
        }
        return try bench.store.write { try Ingest.commit(items, in: $0) }.outcomes
    }

    private func change(_ operation: Operation, _ id: RowID, _ values: [String: Value]) -> Change {
        var change = Bench.change(operation, "company", id, values)
        change.seen = .zero
        return change
    }

    private func begin(after counter: UInt64, _ hash: [UInt8]) throws {
        bench.store.enrol(new, user: "anna")
        try bench.store.write {
            try Succession.begin(new, after: Predecessor(replica: old, confirmedThrough: counter, runningHash: hash), in: $0)
        }
    }

    private func heads(_ id: RowID) throws -> [Value] {
        try #require(try bench.row("company", id)).state.cells[0]?.heads.map(\.value) ?? []
    }

    @Test func whatTheServerHasAlreadyIsAnsweredAndNotAppliedAgain() throws {
        let id = Bench.id(1)
        var file = File()
        file.write([change(.insert, id, ["name": .text("one"), "territory": .text("north")])])
        file.write([change(.update, id, ["name": .text("two"), "limit": .text("5")])])
        file.write([change(.update, id, ["name": .text("three")])])
        let first = try push(file, 1...2, as: old)
        guard case .verdict(let original) = first[1] else { throw Bench.BenchFault(outcome: first[1]) }
        #expect(original.summary == ["limit: field-not-writable"])

        // The answers were lost; the key too.
        try begin(after: 0, RunningHash.start)
        let second = try push(file, 1...3, as: new)
        #expect(second[1] == .repeated(original))
        #expect(bench.head == Position(3))
        guard case .verdict(let verdict) = second[2] else { throw Bench.BenchFault(outcome: second[2]) }
        #expect(verdict.exceptions.isEmpty)
        // Its own past, though no checkpoint had brought it back: no conflict with itself.
        #expect(try heads(id) == [.text("three")])

        // A request of the old identity that comes late, and a repeat under the new one.
        #expect(try push(file, 3...3, as: old) == [.repeated(verdict)])
        #expect(try push(file, 2...3, as: new) == [.repeated(original), .repeated(verdict)])
        #expect(bench.head == Position(3))
    }

    @Test func whatIsOthersIsConcurrentStill() throws {
        let id = Bench.id(1)
        var file = File()
        file.write([change(.insert, id, ["name": .text("one"), "territory": .text("north")])])
        _ = try push(file, 1...1, as: old)
        var copy = file
        file.write([change(.update, id, ["name": .text("by the first")])])
        copy.write([change(.insert, Bench.id(2), ["name": .text("other"), "territory": .text("north")])])
        copy.write([change(.update, id, ["name": .text("by the copy")])])
        _ = try push(file, 2...2, as: old)
        // The same payload bytes at the same counter would be the same transaction.
        copy.sealed[1].sealed.payload = [99]
        copy.sealed[2].before = RunningHash.next(copy.sealed[1].before, copy.sealed[1].sealed)
        #expect(try push(copy, 2...2, as: old) != [])

        try begin(after: 1, file.sealed[1].before)
        let outcomes = try push(copy, 2...3, as: new)
        #expect(outcomes.allSatisfy { if case .verdict = $0 { true } else { false } })
        #expect(Set(try heads(id)) == [.text("by the first"), .text("by the copy")])
    }

    @Test func aChainThatTheServerDoesNotKnowIsNobodysPast() throws {
        let id = Bench.id(1)
        var file = File()
        file.write([change(.insert, id, ["name": .text("one"), "territory": .text("north")])])
        file.write([change(.update, id, ["name": .text("two")])])
        _ = try push(file, 1...1, as: old)
        try begin(after: 1, [UInt8](repeating: 7, count: 32))
        #expect(try bench.store.read { try $0.kin(of: new) } == [:])
        #expect(try push(file, 2...2, as: new).allSatisfy { if case .failed = $0 { true } else { false } })
    }

    @Test func aChangeOfAnotherLifeOfTheLogSaysSo() throws {
        let id = try bench.company(1)
        var file = File()
        for user in ["x"] { file.write([change(.update, id, ["name": .text(user)])], epoch: Epoch(9)) }
        var late = Bench.change(.update, "company", id, ["name": .text("late")])
        late.seen = Position(1)
        file.write([late], epoch: Epoch(9))
        let outcomes = try push(file, 1...2, as: ReplicaID(77))
        guard case .verdict(let verdict) = outcomes[1] else { throw Bench.BenchFault(outcome: outcomes[1]) }
        #expect(verdict.summary == ["name: epoch-unknown"])
        #expect(verdict.exceptions.allSatisfy { $0.refusal != nil })
    }
}
