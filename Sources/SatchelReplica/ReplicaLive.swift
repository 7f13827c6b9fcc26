import SatchelEngine
import SatchelProtocol
import Synchronization

extension Replica {
    /// Keeps this replica in step with the server: what is written here, by this process or another, goes out as it is
    /// made; what others write comes in as the server commits it. A broken connection is made again, after growing waits
    /// with jitter, for as long as the stream is read.
    ///
    /// - Returns: what happens. Ends with a `SatchelError` when trying again cannot help: enrol again, install a newer
    ///   program, or look at the file. Cancelling the reader ends everything.
    public func live() -> AsyncThrowingStream<LiveEvent, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1_000)) { continuation in
            let task = Task {
                do {
                    let loop = LiveLoop(replica: self, emit: { continuation.yield($0) })
                    try await loop.run()
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error is CancellationError ? nil : error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

/// The two directions of a live replica, each in a task of its own, so that neither ever waits for the other.
struct LiveLoop: Sendable {
    let replica: Replica
    let emit: @Sendable (LiveEvent) -> Void

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pullForEver() }
            group.addTask { try await pushForEver() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func pullForEver() async throws {
        let failures = Failures()
        while true {
            do {
                let session = try await replica.session()
                let exchange = PullExchange(
                    file: replica.file, engine: replica.engine, session: session, configuration: replica.configuration
                ) { event in
                    guard case .applied(let run) = event else { return }
                    failures.reset()
                    try? await replica.finishSync()
                    tell(run)
                }
                var extent = failures.takeExtent()
                if extent == .difference, try await replica.mayHoldUnlogged() { extent = .full }
                try await exchange.pull(extent, isLive: true)
                // The server ends a live pull in good order when it shuts down, or when its time is up.
                try await Task.sleep(for: failures.wait())
            } catch {
                try await recover(from: error, failures)
            }
        }
    }

    private func pushForEver() async throws {
        let failures = Failures()
        for try await _ in replica.changes.subscribe() {
            while true {
                do {
                    try await push()
                    failures.reset()
                    break
                } catch {
                    try await recover(from: error, failures, isTold: false)
                }
            }
        }
        try Task.checkCancellation()
    }

    private func push() async throws {
        let session = try await replica.session()
        let exchange = PushExchange(
            file: replica.file, engine: replica.engine, session: session, configuration: replica.configuration)
        try await exchange.run { progress in
            guard progress.acknowledged > 0 || progress.refused > 0 else { return }
            var report = SyncReport()
            report.add(progress)
            report.position = try? await replica.position()
            emit(.synced(report, changes: []))
        }
    }

    private func tell(_ run: ApplyReport) {
        guard run.pulled + run.left + run.refused + run.conflicts > 0 else { return }
        var report = SyncReport()
        report.add(run)
        emit(.synced(report, changes: run.changes))
    }

    /// Waits before the next attempt.
    ///
    /// - Parameter isTold: the pull tells of an outage; the push beside it would tell of the same one.
    /// - Throws: what no further attempt can help.
    private func recover(from error: any Error, _ failures: Failures, isTold: Bool = true) async throws {
        try Task.checkCancellation()
        try await replica.note(error)
        let known: SatchelError
        switch error {
        case let failure as Failure:
            known = failure.satchelError
            switch failure.action {
            case .retryAfter(let seconds): failures.atLeast(seconds: seconds)
            case .pullAnew: failures.nextPull(.anew)
            case .resumeFrom, .authenticate: break
            case .enrol, .upgradeClient, .giveUp: throw known
            }
        case let fault as SatchelError where fault.code == .fileDamaged && isTold && failures.isFirstDamage():
            failures.nextPull(.full)
            known = fault
        case let fault as SatchelError where Self.passes(fault): known = fault
        case is StaleRun:
            // Another program syncs this file too; what it applied is here already.
            known = SatchelError(.fileBusy, "Another program syncs this file too.", remedy: "None is needed.")
        default: throw error
        }
        let wait = failures.wait()
        if isTold, !(error is StaleRun) {
            emit(
                .offline(
                    code: known.code.rawValue, message: known.message, retryMilliseconds: Int(wait.seconds * 1000)))
        }
        try await Task.sleep(for: wait)
    }

    /// Faults of a network pass, a certificate that does not verify among them: a laptop in a hotel sees both.
    private static func passes(_ error: SatchelError) -> Bool {
        switch error.code {
        case .unreachable, .streamTruncated, .certificateInvalid, .busy, .shuttingDown, .fileBusy, .malformed, .tokenInvalid:
            true
        default: false
        }
    }
}

/// What a direction remembers between its attempts.
private final class Failures: Sendable {
    private struct Memory {
        var backoff = Backoff()
        var atLeast: UInt64 = 0
        var extent = PullExtent.difference
        var wasDamaged = false
    }

    private let memory = Mutex(Memory())

    func reset() {
        memory.withLock { memory in
            memory.backoff.reset()
            memory.wasDamaged = false
        }
    }

    func atLeast(seconds: Int) { memory.withLock { $0.atLeast = UInt64(max(seconds, 0)) * 1000 } }
    func nextPull(_ extent: PullExtent) { memory.withLock { $0.extent = extent } }

    /// For one pull; those after it ask for the difference again.
    func takeExtent() -> PullExtent {
        memory.withLock { memory in
            defer { memory.extent = .difference }
            return memory.extent
        }
    }

    /// A whole pull mends missing rows; if it did not, another will not.
    func isFirstDamage() -> Bool {
        memory.withLock { memory in
            defer { memory.wasDamaged = true }
            return !memory.wasDamaged
        }
    }

    func wait() -> Duration {
        memory.withLock { memory in
            defer { memory.atLeast = 0 }
            var random = SystemRandomNumberGenerator()
            return .milliseconds(Int64(clamping: memory.backoff.next(atLeast: memory.atLeast, random: &random)))
        }
    }
}
