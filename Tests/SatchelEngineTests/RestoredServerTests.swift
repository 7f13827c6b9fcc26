import SatchelCore
import SatchelEngine
import SatchelProtocol
import Testing

/// What a replica says to a server that went back behind what it had acknowledged.
@Suite struct RestoredServerTests {
    private struct NoCoding: TransactionCoding {
        struct Unused: Error {}
        func encode(_ transaction: Transaction) throws -> [UInt8] { throw Unused() }
        func decode(_ payload: [UInt8]) throws -> Transaction { throw Unused() }
    }

    /// A device that had seen more of the old life than the backup has: its edits count as made at the fork.
    @Test func honestEditsOfBeforeTheRestoreLand() throws {
        let bench = Bench()
        let id = try bench.company(1)
        let fork = bench.head
        bench.store.beginEpoch(Epoch(2))
        for (counter, epoch) in [(UInt64(1), Epoch(1)), (2, Epoch(2))] {
            var change = Bench.change(.update, "company", id, ["notes": .text("note \(counter)")])
            change.seen = Position(fork.number + 4)
            let clock = ClockReading(wallMilliseconds: bench.now, boot: [], uptimeMilliseconds: 0)
            let before = try bench.store.read { try $0.applied(ReplicaID(50)).runningHash }
            let item = IngestItem(
                replica: ReplicaID(50), authority: .user("anna"),
                sealed: SealedTransaction(counter: counter, payload: [UInt8(counter)]), after: before,
                decoded: Transaction(counter: counter, epoch: Epoch(1), clock: clock, isAtomic: false, changes: [change]),
                pushed: clock, receivedMilliseconds: bench.now,
                // First with the old cursor, then with one of the new life.
                proven: epoch == Epoch(1) ? change.seen : fork, epoch: epoch)
            let outcome = try bench.store.write { try Ingest.commit([item], in: $0) }.outcomes[0]
            guard case .verdict(let verdict) = outcome else { throw Bench.BenchFault(outcome: outcome) }
            #expect(verdict.summary == [])
        }
        #expect(try bench.value("company", id, "notes") == .text("note 2"))
    }

    /// An old cursor proves nothing of the new life, however high it was.
    @Test func anOldCursorProvesNothingOfTheNewLife() throws {
        let bench = Bench()
        let id = try bench.company(1)
        bench.store.beginEpoch(Epoch(2))
        for name in ["a", "b", "c"] { try bench.commit("mia", [Bench.change(.update, "company", id, ["name": .text(name)])]) }
        var change = Bench.change(.update, "company", id, ["notes": .text("forged")])
        change.seen = bench.head
        let clock = ClockReading(wallMilliseconds: bench.now, boot: [], uptimeMilliseconds: 0)
        let item = IngestItem(
            replica: ReplicaID(51), authority: .user("anna"), sealed: SealedTransaction(counter: 1, payload: [1]),
            after: RunningHash.start,
            decoded: Transaction(counter: 1, epoch: Epoch(2), clock: clock, isAtomic: false, changes: [change]), pushed: clock,
            receivedMilliseconds: bench.now, proven: Position(bench.head.number + 50), epoch: Epoch(1))
        let outcome = try bench.store.write { try Ingest.commit([item], in: $0) }.outcomes[0]
        guard case .verdict(let verdict) = outcome else { throw Bench.BenchFault(outcome: outcome) }
        #expect(verdict.summary == ["notes: seen-not-sent"])
    }

    private func answer(_ next: UInt64) throws -> Failure? {
        let store = MemoryReplicaStore()
        var state = ReplicaState()
        state.confirmedThrough = 7
        store.setState(state)
        let gap = Failure(code: .counterGap, message: "", action: .resumeFrom(counter: next))
        return try ReplicaEngine(coding: NoCoding()).receive(.failed(gap), store).failure
    }

    @Test func whatWasAcknowledgedAndIsLackingIsNamed() throws {
        let failure = try #require(try answer(5))
        #expect(failure.action == .enrol && failure.code == .replicaDiverged)
        #expect(failure.message.contains("5 to 7"))
        #expect(try answer(8)?.action == .resumeFrom(counter: 8))
    }
}
