import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// What the replica's side keeps of a verdict, against the verdicts that the server's side gives.
@Suite struct OvertakenWriteTests {
    private let bench = Bench()
    private let store = MemoryReplicaStore()

    /// Decodes to the transaction that it was made with, whatever the bytes.
    private struct Fixed: TransactionCoding {
        let transaction: Transaction
        func encode(_ transaction: Transaction) throws -> [UInt8] { [] }
        func decode(_ payload: [UInt8]) throws -> Transaction { transaction }
    }

    /// Queues the same change here that the bench commits as Anna's, and hands the verdict over twice.
    private func keep(_ change: Change, seen: Position) throws -> [PushProgress] {
        var verdict = try bench.commit("anna", [change], seen: seen)
        verdict.counter = 1
        let transaction = Transaction(
            counter: 1, epoch: Epoch(1), clock: ClockReading(wallMilliseconds: 5, boot: [], uptimeMilliseconds: 0),
            changes: [change])
        let sealed = SealedTransaction(counter: 1, payload: [])
        let hash = RunningHash.next(RunningHash.start, sealed)
        var state = store.state()
        state.replica = Bench.replica("anna")
        state.lastCounter = 1
        state.lastHash = hash
        store.setState(state)
        store.append(PendingTransaction(sealed: sealed, runningHash: hash))
        let reply = PushReply.acknowledged(
            PushAcknowledgement(appliedThrough: 1, runningHash: hash, verdicts: [verdict]))
        let engine = ReplicaEngine(coding: Fixed(transaction: transaction))
        return try [engine.receive(reply, store), engine.receive(reply, store)]
    }

    @Test func eachCellOfAnEditOfADeletedRowIsKept() throws {
        let company = try bench.company(1)
        let seen = bench.head
        try bench.commit("mia", [Bench.change(.delete, "company", company)])
        let edit = Bench.change(.update, "company", company, ["name": .text("Late"), "notes": .text("n")])
        #expect(try keep(edit, seen: seen).map(\.overtaken) == [2, 0])
        let kept = store.overtaken()
        #expect(kept.map(\.field) == ["name", "notes"] && kept.map(\.value) == [.text("Late"), .text("n")])
        #expect(kept.allSatisfy { $0.code == .rowDeleted && $0.writtenMilliseconds == 5 && $0.operation == .update })
        #expect(kept.allSatisfy { $0.transaction == Dot(replica: Bench.replica("anna"), counter: 1) && $0.row == company })
    }

    @Test func aConcurrentWriteIsLeftToTheConflictsHeads() throws {
        let company = try bench.company(1)
        let seen = bench.head
        try bench.commit("mia", [Bench.change(.update, "company", company, ["notes": .text("later")])], wall: bench.now)
        let edit = Bench.change(.update, "company", company, ["notes": .text("mine")])
        #expect(try keep(edit, seen: seen).map(\.overtaken) == [0, 0])
        #expect(store.overtaken().isEmpty)
    }
}
