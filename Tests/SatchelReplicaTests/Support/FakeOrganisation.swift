import Crypto
import Foundation
import NIOHTTP1
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelReplica
import SatchelWire
import Synchronization

/// A server's side of the protocol, played by hand: it takes every push, and sends the runs that a test put in.
final class FakeOrganisation: Sendable {
    struct State {
        var user = "anna"
        var organisation = "acme"
        var replica = ReplicaID(0x1234)
        var publicKey: [UInt8] = []
        var token = "token-1"
        var tokensGiven = 0
        var position: UInt64 = 1
        var rows: [RowBatch] = [Sample.rows(1...3)]
        /// What a pull from a position brings beyond its checkpoint.
        var differences: [UInt64: [PullFrame]] = [:]
        var appliedThrough: UInt64 = 0
        var hash = RunningHash.start
        var transactions: [Transaction] = []
        var exceptions: [UInt64: [VerdictException]] = [:]
        /// Answered first, one for each request to the path.
        var failures: [String: [Failure]] = [:]
        /// Bytes after which the next answer of a path is cut off.
        var cuts: [String: [Int]] = [:]
        /// Bytes after which the next pull of a path ends as if it were whole.
        var endings: [String: [Int]] = [:]
        var requests: [ScriptedServer.Request] = []
        var live: [AsyncStream<[UInt8]>.Continuation] = []
        var held: [AsyncStream<[UInt8]>.Continuation] = []
        /// Live pulls answer once and then never again.
        var isLiveSilent = false
        /// Someone writes these rows just before the next whole pull.
        var writtenBeforeFullPull: [RowBatch]?
        /// Goes on by five seconds while a token is fetched.
        var clock: ManualClock?
    }

    let state = Mutex(State())

    func answer(_ request: ScriptedServer.Request) async -> ScriptedServer.Reply {
        state.withLock { state in
            state.requests.append(request)
            do {
                if let failure = Self.next(&state.failures, request.path) { throw failure }
                if request.path == "/v1/pull" { return try Self.pull(request, &state) }
                let bytes = try Self.handle(request, &state)
                guard let count = Self.next(&state.cuts, request.path) else { return ScriptedServer.Reply(bytes) }
                return ScriptedServer.Reply(Array(bytes.prefix(count)), ending: .cut)
            } catch {
                let failure = error as? Failure ?? Failure(code: .malformed, message: "\(error)", action: .giveUp)
                var reply = ScriptedServer.Reply((try? failure.wireBytes()) ?? [])
                reply.status = .badRequest
                return reply
            }
        }
    }

    func count(_ path: String) -> Int { state.withLock { $0.requests.filter { $0.path == path }.count } }

    private static func next<Item>(_ queues: inout [String: [Item]], _ path: String) -> Item? {
        guard var queue = queues[path], !queue.isEmpty else { return nil }
        defer { queues[path] = queue }
        return queue.removeFirst()
    }

    private static func handle(_ request: ScriptedServer.Request, _ state: inout State) throws -> [UInt8] {
        switch request.path {
        case "/v1/enrol":
            let enrolment = try EnrolRequest(wireBytes: request.body)
            guard enrolment.code == "GOOD" else {
                throw Failure(code: .codeInvalid, message: "The code is not good.", action: .giveUp)
            }
            try check(
                enrolment.proof, SignedContent.enrolment(code: enrolment.code, publicKey: enrolment.publicKey),
                enrolment.publicKey)
            state.publicKey = enrolment.publicKey
            return try EnrolReply(replica: state.replica, user: state.user, organisation: state.organisation).wireBytes()
        case "/v1/nonce": return try NonceReply(nonce: Array(repeating: 9, count: 32)).wireBytes()
        case "/v1/token":
            let proof = try TokenRequest(wireBytes: request.body)
            let content = SignedContent.token(organisation: state.organisation, replica: proof.replica, nonce: proof.nonce)
            try check(proof.signature, content, state.publicKey)
            state.tokensGiven += 1
            state.clock?.advance(milliseconds: 5_000)
            return try TokenReply(token: state.token, seconds: 600).wireBytes()
        case "/v1/push":
            try authorise(request, state)
            return try push(request, &state)
        default: throw Failure(code: .notFound, message: "There is nothing.", action: .giveUp)
        }
    }

    private static func check(_ signature: [UInt8], _ content: [UInt8], _ publicKey: [UInt8]) throws {
        let key = try Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        guard key.isValidSignature(signature, for: content) else {
            throw Failure(code: .proofInvalid, message: "The signature does not hold.", action: .giveUp)
        }
    }

    private static func authorise(_ request: ScriptedServer.Request, _ state: State) throws {
        guard request.token == state.token else {
            throw Failure(code: .tokenInvalid, message: "The token is not good.", action: .authenticate)
        }
    }

    private static func push(_ request: ScriptedServer.Request, _ state: inout State) throws -> [UInt8] {
        var splitter = FrameSplitter()
        splitter.append(request.body)
        var verdicts: [TransactionVerdict] = []
        while let frame = try splitter.next() {
            guard case .transaction(let sealed) = try PushFrame(wireBytes: frame) else { continue }
            if sealed.counter > state.appliedThrough {
                state.transactions.append(try Transaction(wireBytes: sealed.payload))
                state.hash = RunningHash.next(state.hash, sealed)
                state.appliedThrough = sealed.counter
                state.position += 1
            }
            verdicts.append(
                TransactionVerdict(
                    counter: sealed.counter, position: Position(state.position),
                    exceptions: state.exceptions[sealed.counter] ?? []))
        }
        try splitter.finish()
        let reply = PushReply.acknowledged(
            PushAcknowledgement(appliedThrough: state.appliedThrough, runningHash: state.hash, verdicts: verdicts))
        return Framing.frame(try reply.wireBytes())
    }

    // MARK: Pull

    private static func pull(_ request: ScriptedServer.Request, _ state: inout State) throws -> ScriptedServer.Reply {
        try authorise(request, state)
        let open = try PullOpen(wireBytes: request.body)
        if open.isFull, let written = state.writtenBeforeFullPull {
            state.writtenBeforeFullPull = nil
            state.differences[state.position] =
                [.mask(Sample.mask), .places(Sample.places)] + written.map(PullFrame.rows)
            state.position += 1
            state.rows = written
        }
        let bytes = try run(open, state)
        if open.isLive {
            let isSilent = state.isLiveSilent
            let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
            continuation.yield(bytes)
            if !isSilent { state.live.append(continuation) }
            // A silent one keeps its place, so that the connection stays open.
            if isSilent { state.held.append(continuation) }
            return ScriptedServer.Reply(stream: stream)
        }
        if let count = next(&state.cuts, request.path) { return ScriptedServer.Reply(Array(bytes.prefix(count)), ending: .cut) }
        // Ended in good order as far as HTTP can tell.
        let count = next(&state.endings, request.path) ?? bytes.count
        return ScriptedServer.Reply(Array(bytes.prefix(count)))
    }

    static func run(_ open: PullOpen, _ state: State) throws -> [UInt8] {
        var frames: [PullFrame]
        if let cursor = open.commitment.cursor, !open.isFull {
            frames =
                [.begin(PullBegin(from: cursor.position, to: Position(state.position), expectedRows: 0))]
                + (state.differences[cursor.position.number] ?? [])
        } else {
            frames = Sample.load(state.rows, to: state.position)
        }
        frames.append(Sample.checkpoint(state.position, appliedThrough: state.appliedThrough, hash: state.hash))
        return try encode(frames)
    }

    static func encode(_ frames: [PullFrame]) throws -> [UInt8] {
        try frames.reduce(into: []) { $0 += Framing.frame(try $1.wireBytes()) }
    }

    /// Sends a run to every live pull.
    func sendLive(from: UInt64, _ frames: [PullFrame]) throws {
        try state.withLock { state in
            state.position += 1
            let run: [PullFrame] =
                [.begin(PullBegin(from: Position(from), to: Position(state.position), expectedRows: 0))] + frames + [
                    Sample.checkpoint(state.position, appliedThrough: state.appliedThrough, hash: state.hash)
                ]
            let bytes = try Self.encode(run)
            for listener in state.live { listener.yield(bytes) }
        }
    }
}
