import Hummingbird
import Logging
import NIOCore
import SatchelEngine
import SatchelProtocol
import SatchelWire

/// `POST /v1/pull`: a bare `PullOpen` as the body; the answer is a stream of frames, which a live pull never ends.
struct PullRoute: Sendable {
    let hub: LiveHub
    let passes: PassRunner
    let sealer: CursorSealer
    let cipher: RootCipher
    let limits: ServerLimits
    let logger: Logger

    func respond(_ exchange: Exchange, _ principal: Principal, body: [UInt8]) throws -> Response {
        let open = try Self.open(body)
        let channel = exchange.context.channel
        let stream = PullStream(
            route: self,
            session: PullSession(
                open: open, replica: principal.replica, user: principal.user, sealer: sealer, cipher: cipher),
            isLive: open.isLive, isFirstLoad: open.isFull || open.commitment.cursor == nil,
            ticket: StreamTicket(principal: principal) { channel.close(promise: nil) })
        // The body is read; what is left of it is to see the connection's end.
        var request = exchange.request
        request.body = RequestBody(buffer: ByteBuffer(bytes: body))
        let inbound = request.body
        return Response(
            status: .ok, headers: Answer.headers(),
            body: ResponseBody { writer in
                guard open.isLive else { return try await stream.run(&writer) }
                // A client that goes is noticed when it goes, not at the next heartbeat.
                try await inbound.consumeWithInboundCloseHandler { _ in
                    try await stream.run(&writer)
                } onInboundClosed: {
                    stream.ticket.end(PullStream.gone, isCut: true)
                }
            })
    }
}

extension PullRoute {
    /// The body is one message, bare (SPEC §1).
    private static func open(_ body: [UInt8]) throws -> PullOpen {
        guard !body.isEmpty else {
            throw Failure(code: .malformed, message: "A pull's body is one PullOpen, which is missing.", action: .giveUp)
        }
        return try PullOpen(wireBytes: body)
    }
}

/// One pull: pass after pass, as far as it is live, each in its order through one bounded channel.
struct PullStream: Sendable {
    let route: PullRoute
    let session: PullSession
    let isLive: Bool
    let isFirstLoad: Bool
    let ticket: StreamTicket

    /// Nobody reads it.
    static let gone = Failure(code: .streamTruncated, message: "The client has gone.", action: .retryAfter(seconds: 1))

    private static let heartbeat = Result { Framing.frame(try PullFrame.heartbeat.wireBytes()) }

    func run(_ writer: inout any ResponseBodyWriter) async throws {
        do {
            try route.hub.open(ticket)
            defer { route.hub.close(ticket) }
            try await passes(&writer)
        } catch let failure as Failure {
            guard failure != Self.gone else { throw failure }
            if failure.isInside { route.logger.error("A pull failed.", metadata: ["replica": "\(ticket.principal.replica)"]) }
            try await write(Framing.frame(try PullFrame.failed(failure).wireBytes()), &writer)
        }
        try await writer.finish(nil)
    }

    private func passes(_ writer: inout any ResponseBodyWriter) async throws {
        var session = session
        var isFirstLoad = isFirstLoad
        while true {
            let outcome = try await pass(session, isFirstLoad: isFirstLoad, &writer)
            guard isLive else { return }
            session = outcome.session
            isFirstLoad = false
            route.hub.wait(ticket, for: session.interest, since: outcome.position)
            try await waitForWork(&writer)
        }
    }

    /// Sends one pass; the pass's own thread is ahead of the connection by no more than the channel holds.
    private func pass(
        _ session: PullSession, isFirstLoad: Bool, _ writer: inout any ResponseBodyWriter
    ) async throws -> PassRunner.Outcome {
        let frames = FrameChannel(limits: route.limits)
        ticket.onHeartbeat { frames.offerHeartbeat() }
        defer {
            ticket.onHeartbeat(nil)
            frames.abandon()
        }
        async let outcome = route.passes.run(session, of: ticket.principal.replica, isFirstLoad: isFirstLoad, into: frames)
        sending: while true {
            let item = await frames.next()
            // What was read before an access was taken back is not sent after it.
            do {
                try ticket.check()
                switch item {
                case .bytes(let bytes): try await write(bytes, &writer)
                case .heartbeat: try await write(try Self.heartbeat.get(), &writer)
                case .end(let failure?): throw failure
                case .end(nil): break sending
                }
            } catch {
                // Before the pass is waited for, which it would be on the way out of here.
                frames.abandon()
                throw error
            }
        }
        guard let outcome = await outcome else { throw Self.gone }
        return outcome
    }

    private func waitForWork(_ writer: inout any ResponseBodyWriter) async throws {
        while true {
            switch await ticket.next() {
            case .wake: return
            case .heartbeat: try await write(try Self.heartbeat.get(), &writer)
            case .end(let failure): throw failure
            }
        }
    }

    private func write(_ bytes: [UInt8], _ writer: inout any ResponseBodyWriter) async throws {
        ticket.beginWriting()
        defer { ticket.endWriting() }
        try await writer.write(ByteBuffer(bytes: bytes))
    }
}
