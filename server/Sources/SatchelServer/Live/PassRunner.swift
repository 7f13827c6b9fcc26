import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelWire

/// Runs passes of pulls, each on a thread with one snapshot of the store.
struct PassRunner: Sendable {
    struct Outcome: Sendable {
        /// As it stands after the pass.
        let session: PullSession
        /// Up to where the pass looked.
        let position: Position
    }

    private let store: any ServerStore
    private let news: PassGate
    private let firstLoads: PassGate
    private let ofReplicas: ReplicaPasses
    private let threads = Blocking.concurrent("satchel.pull")

    init(store: any ServerStore, limits: ServerLimits) {
        self.store = store
        news = PassGate(count: limits.passes)
        firstLoads = PassGate(count: limits.firstLoads)
        ofReplicas = ReplicaPasses(maximum: limits.passesOfReplica)
    }

    /// Nobody begins a pass any more.
    func close() {
        news.close()
        firstLoads.close()
    }

    /// One pass, into a channel that is finished in the end, whatever happens.
    ///
    /// - Parameter isFirstLoad: whether everything is to be told, rather than what is new.
    /// - Returns: nil when the pass did not come to its end.
    func run(_ session: PullSession, of replica: ReplicaID, isFirstLoad: Bool, into frames: FrameChannel) async -> Outcome? {
        do {
            let gate = isFirstLoad ? firstLoads : news
            let outcome = try await ofReplicas.withPlace(of: replica) {
                try await gate.withPlace {
                    // Whoever waited for it may have gone while it stood in line.
                    try frames.check()
                    return try await threads.run { [store] in
                        try store.read { try Self.pass(session, $0, frames) }
                    }
                }
            }
            frames.finish(nil)
            return outcome
        } catch {
            frames.finish(Failure(reporting: error))
            return nil
        }
    }

    private static func pass(
        _ session: PullSession, _ reader: any ServerReader, _ frames: FrameChannel
    ) throws -> Outcome {
        var session = session
        let position = try reader.head().position
        if let failure = try session.begin(reader) { throw failure }
        while true {
            let next = try session.next(reader)
            if next.isEmpty { return Outcome(session: session, position: position) }
            for frame in next { try frames.send(Framing.frame(try frame.wireBytes())) }
        }
    }
}
