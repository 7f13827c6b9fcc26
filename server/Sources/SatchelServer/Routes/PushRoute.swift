import Hummingbird
import Logging
import NIOCore
import SatchelEngine
import SatchelProtocol
import SatchelWire

/// `POST /v1/push`: a stream of frames, one open and then transactions; the answer acknowledges groups of them as they become
/// durable, while the rest still arrives. A body that is cut keeps what came whole.
struct PushRoute: Sendable {
    let store: any ServerStore
    let committer: Committer
    let identities: Identities
    let hub: LiveHub
    let sealer: CursorSealer
    let limits: ServerLimits
    let now: ServerClock
    let logger: Logger
    private let reads = Blocking.concurrent("satchel.push")

    init(
        store: any ServerStore, committer: Committer, identities: Identities, hub: LiveHub, sealer: CursorSealer,
        limits: ServerLimits, now: @escaping ServerClock, logger: Logger
    ) {
        self.store = store
        self.committer = committer
        self.identities = identities
        self.hub = hub
        self.sealer = sealer
        self.limits = limits
        self.now = now
        self.logger = logger
    }

    func respond(_ exchange: Exchange, _ principal: Principal, body: RequestBody) -> Response {
        let channel = exchange.context.channel
        let ticket = StreamTicket(principal: principal) { channel.close(promise: nil) }
        return Response(
            status: .ok, headers: Answer.headers(),
            body: ResponseBody { writer in
                let intake = PushIntake()
                do { try hub.open(ticket) } catch { intake.end(.failed(Failure(reporting: error))) }
                defer { hub.close(ticket) }
                // At a shutdown, and when an access is taken back, what is committed stands and no more is taken.
                ticket.onEnd { intake.end(.failed($0)) }
                async let rest: Void = read(body, into: intake)
                // On every way out: the rest of the body is waited for there, and must not wait for anyone.
                defer { intake.end(.whole) }
                var stream = PushStream(route: self, principal: principal, ticket: ticket)
                let end = try await stream.commit(intake, &writer)
                if case .failed(let failure) = end { try await stream.write(.failed(failure), &writer) }
                try await writer.finish(nil)
                intake.end(.whole)
                try await rest
            })
    }

    func opened(_ session: PushSession, _ open: PushOpen) async throws -> (PushSession, Failure?) {
        try await reads.run { [store] in
            try store.read { reader in
                var session = session
                let failure = try session.open(open, reader: reader)
                return (session, failure)
            }
        }
    }

    private static func tooMany(_ limit: Int) -> Failure {
        Failure(
            code: .tooLarge, message: "A push request carries at most \(limit) transactions; those before are taken.",
            action: .giveUp)
    }

    /// Reads the body to its end, or as much as is borne of one that is not wanted.
    private func read(_ body: RequestBody, into intake: PushIntake) async throws {
        var splitter = FrameSplitter()
        var count = 0
        var transactions = 0
        var isWanted = true
        do {
            for try await buffer in body {
                count += buffer.readableBytes
                if count > limits.discardedBytes { throw BodyBytes.Endless() }
                guard isWanted else { continue }
                do {
                    guard count <= limits.pushBytes else { throw BodyBytes.tooLarge(limits.pushBytes) }
                    splitter.append(buffer.readableBytesView)
                    while isWanted, let bytes = try splitter.next() {
                        let frame = try PushFrame(wireBytes: bytes)
                        if case .transaction = frame { transactions += 1 }
                        guard transactions <= limits.pushTransactions else { throw Self.tooMany(limits.pushTransactions) }
                        isWanted = await intake.put(frame)
                    }
                } catch {
                    isWanted = false
                    intake.end(.failed(Failure(reporting: error)))
                }
            }
            if isWanted { try splitter.finish() }
            intake.end(.whole)
        } catch let error as SatchelError {
            intake.end(.failed(Failure(reporting: error)))
        } catch {
            intake.end(.failed(PullStream.gone))
            throw error
        }
    }
}

/// The committing half of one push.
struct PushStream {
    private let route: PushRoute
    private let principal: Principal
    private let ticket: StreamTicket
    private let coding = WireTransactionCoding()
    private var session: PushSession?

    init(route: PushRoute, principal: Principal, ticket: StreamTicket) {
        self.route = route
        self.principal = principal
        self.ticket = ticket
    }

    /// Takes groups until there are no more, or one goes no further.
    mutating func commit(_ intake: PushIntake, _ writer: inout any ResponseBodyWriter) async throws -> PushIntake.End {
        while true {
            let (frames, end) = await intake.take()
            if frames.isEmpty { return end }
            do {
                // It may have changed since the last group.
                try route.identities.check(principal)
                // What came before a frame that is out of place stands.
                let (items, misplaced) = try await items(of: frames)
                if let failure = try await commit(items, &writer) ?? misplaced { return .failed(failure) }
            } catch let error where error is Failure || error is SatchelError {
                let failure = Failure(reporting: error)
                if failure.isInside {
                    route.logger.error("A push failed.", metadata: ["cause": "\(error)", "replica": "\(principal.replica)"])
                }
                return .failed(failure)
            }
        }
    }

    /// - Returns: what is to be committed, and why it goes no further after that.
    private mutating func items(of frames: [PushFrame]) async throws -> ([IngestItem], Failure?) {
        var items: [IngestItem] = []
        for frame in frames {
            switch frame {
            case .open(let open):
                guard session == nil else { return (items, Self.misplaced) }
                let fresh = PushSession(
                    replica: principal.replica, user: principal.user, receivedMilliseconds: route.now(), sealer: route.sealer)
                let (session, failure) = try await route.opened(fresh, open)
                if let failure { throw failure }
                self.session = session
            case .transaction(let sealed):
                let coding = coding
                guard let item = session?.receive(sealed, coding: coding) else { return (items, Self.misplaced) }
                items.append(item)
            }
        }
        return (items, nil)
    }

    private static let misplaced = Failure(
        code: .malformed, message: "A push begins with one open, and has no other.", action: .giveUp)

    /// - Returns: why the push goes no further.
    private func commit(_ items: [IngestItem], _ writer: inout any ResponseBodyWriter) async throws -> Failure? {
        guard !items.isEmpty else { return nil }
        let admitted = try await route.committer.submit(items)
        var verdicts: [TransactionVerdict] = []
        var failure: Failure?
        judging: for outcome in admitted.outcomes {
            switch outcome {
            case .verdict(let verdict), .repeated(let verdict?): verdicts.append(verdict)
            case .repeated(nil): break
            case .failed(let reason):
                failure = reason
                break judging
            }
        }
        // Only what the frame has verdicts for is acknowledged by it.
        let hashes = Dictionary(items.map { ($0.sealed.counter, $0.runningHash) }) { first, _ in first }
        for group in verdicts.framed() {
            guard let last = group.last?.counter, let hash = hashes[last] else { continue }
            try await write(
                .acknowledged(PushAcknowledgement(appliedThrough: last, runningHash: hash, verdicts: group)), &writer)
        }
        return failure
    }

    func write(_ reply: PushReply, _ writer: inout any ResponseBodyWriter) async throws {
        ticket.beginWriting()
        defer { ticket.endWriting() }
        try await writer.write(ByteBuffer(bytes: Framing.frame(try reply.wireBytes())))
    }
}
