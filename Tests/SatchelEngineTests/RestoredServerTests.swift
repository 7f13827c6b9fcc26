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
        #expect(failure.action == .giveUp && failure.code == .counterGap)
        #expect(failure.message.contains("5 to 7"))
        #expect(try answer(8)?.action == .resumeFrom(counter: 8))
    }
}
