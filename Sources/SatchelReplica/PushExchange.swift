import SatchelEngine
import SatchelProtocol
import SatchelStore
import SatchelWire

/// The one direction: what was written here goes to the server, request by request, until nothing is left.
struct PushExchange: Sendable {
    let file: ReplicaFile
    let engine: ReplicaEngine
    let session: Session
    let configuration: ReplicaConfiguration

    /// - Parameter acknowledged: told of each reply as it is kept.
    /// - Throws: `Failure` when the server ends a request with one; otherwise `SatchelError`.
    func run(acknowledged: @escaping @Sendable (PushProgress) async -> Void) async throws {
        while let plan = try await next() {
            try Task.checkCancellation()
            let confirmed = plan.open.commitment.confirmedThrough
            try await session.authorised { token in
                // The server measures this device's clock against its own: what went by until here is no part of that.
                let body = try Self.body(of: plan, clock: configuration.clock.reading())
                try await session.transport.stream(.push, body, token: token, limit: configuration.replyTimeout) { frame in
                    let progress = try await keep(try PushReply(wireBytes: frame))
                    await acknowledged(progress)
                    if let failure = progress.failure { throw failure }
                    return true
                }
            }
            let now = try await file.read { try $0.state().confirmedThrough }
            guard now > confirmed else {
                throw Failure(
                    code: .streamTruncated, message: "The server acknowledged nothing of what was sent.",
                    action: .retryAfter(seconds: 1))
            }
        }
    }

    private func next() async throws -> PushPlan? {
        try await file.transact { [engine, configuration] store, _ in
            try engine.nextPush(store, clock: configuration.clock.reading())
        }
    }

    private func keep(_ reply: PushReply) async throws -> PushProgress {
        try await file.transact { [engine] store, _ in try engine.receive(reply, store) }
    }

    private static func body(of plan: PushPlan, clock: ClockReading) throws -> [UInt8] {
        var open = plan.open
        open.clock = clock
        var body = Framing.frame(try PushFrame.open(open).wireBytes())
        for transaction in plan.transactions { body += Framing.frame(try PushFrame.transaction(transaction).wireBytes()) }
        return body
    }
}
