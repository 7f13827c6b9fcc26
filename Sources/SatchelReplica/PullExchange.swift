import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import SatchelWire

/// What a pull asks for.
enum PullExtent: Sendable, Hashable {
    case difference
    /// Everything anew, compared with what is here and put in its place.
    case full
    /// Likewise, and as if the replica had no cursor: the server does not know the one that it has.
    case anew
}

/// The other direction: one pull, live or not. Frames are collected up to a checkpoint and then applied together; what a
/// broken connection leaves without its checkpoint is thrown away.
actor PullExchange {
    private let file: ReplicaFile
    private let engine: ReplicaEngine
    private let session: Session
    private let configuration: ReplicaConfiguration
    private let heard: @Sendable (Event) async -> Void

    private var receiver = PullReceiver()
    private var run: PullRun
    private var received = 0
    private var isComplete = false
    private var comparesOnly = false

    enum Event: Sendable {
        case receiving(rows: Int, expected: Int?)
        case applied(ApplyReport)
    }

    init(
        file: ReplicaFile, engine: ReplicaEngine, session: Session, configuration: ReplicaConfiguration,
        heard: @escaping @Sendable (Event) async -> Void
    ) {
        self.file = file
        self.engine = engine
        self.session = session
        self.configuration = configuration
        self.heard = heard
        run = PullRun(memoryBytes: configuration.pullMemoryBytes, path: file.path)
    }

    /// - Parameters:
    ///   - isLive: stays and applies each run as it comes; returns only when the server ends the stream.
    ///   - comparesOnly: applies a full run only when it is of the very position where the replica stands, so that whatever
    ///     differs is wrong here; any other ends in `StaleRun`.
    /// - Throws: `Failure`, `StaleRun` when another program moved the file's cursor meanwhile, `SatchelError`.
    func pull(_ extent: PullExtent, isLive: Bool = false, comparesOnly: Bool = false) async throws {
        self.comparesOnly = comparesOnly
        var open = try await file.transact { [engine] store, _ in
            try engine.pullOpen(store, isLive: isLive, isFull: extent != .difference)
        }
        if extent == .anew { open.commitment.cursor = nil }
        let body = try open.wireBytes()
        let limit = isLive ? configuration.silenceTimeout : configuration.replyTimeout
        try await session.authorised { [session] token in
            await self.startAnew()
            try await session.transport.stream(.pull, body, token: token, limit: limit) { frame in
                try await self.receive(frame)
                return true
            }
        }
        guard isComplete, run.begin == nil else {
            throw TransportFault.truncated(session.transport.address, cause: "the stream ended without a checkpoint")
        }
    }

    private func startAnew() {
        receiver = PullReceiver()
        run = PullRun(memoryBytes: configuration.pullMemoryBytes, path: file.path)
        isComplete = false
    }

    /// The transport gives the next frame only when this returns, so that the state is not touched in between.
    private func receive(_ encoded: [UInt8]) async throws {
        let frame = try PullFrame(wireBytes: encoded)
        switch try receiver.receive(frame) {
        case .heartbeat: break
        case .staged:
            try run.append(frame, encoded: encoded)
            if case .begin = frame { await tell() }
            if case .rows(let batch) = frame {
                received += batch.ids.count
                await tell()
            }
        case .complete:
            try run.append(frame, encoded: encoded)
            let whole = run
            run = PullRun(memoryBytes: configuration.pullMemoryBytes, path: file.path)
            let report = try await apply(whole)
            isComplete = true
            await heard(.applied(report))
        }
    }

    private func tell() async {
        let expected = run.begin.map(\.expectedRows) ?? 0
        await heard(.receiving(rows: received, expected: expected > 0 ? Int(clamping: expected) : nil))
    }

    private func apply(_ run: PullRun) async throws -> ApplyReport {
        try await file.transact { [engine, configuration, comparesOnly] store, _ in
            let state = try store.state()
            try Self.checkPlace(of: run, in: state)
            // A difference would go over what was written past the log.
            if run.begin?.from != .zero, try store.mayHoldUnlogged() { throw StaleRun() }
            if comparesOnly, run.checkpoint?.cursor.position != state.position { throw StaleRun() }
            let report = try engine.apply(run, store, clock: configuration.clock.reading())
            try run.check()
            return report
        }
    }

    /// A run says how to come from one position to another. Applied from anywhere else it would leave a gap or go back.
    static func checkPlace(of run: PullRun, in state: ReplicaState) throws {
        guard let begin = run.begin, let checkpoint = run.checkpoint else { throw StaleRun() }
        if begin.from != .zero {
            guard begin.from == state.position else { throw StaleRun() }
        } else if let cursor = state.cursor, cursor.epoch == checkpoint.cursor.epoch {
            guard cursor.position <= checkpoint.cursor.position else { throw StaleRun() }
        }
    }
}
