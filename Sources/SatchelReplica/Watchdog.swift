import Synchronization

/// Ends an exchange in which nothing has been heard for too long. A time limit on the whole would end long transfers that go
/// well; this one begins anew with each sign of life, and does not run while this side works.
final class Watchdog: Sendable {
    private enum State {
        case waiting(since: ContinuousClock.Instant)
        case working
    }

    private let limit: Duration
    private let state = Mutex(State.waiting(since: .now))

    init(limit: Duration) { self.limit = limit }

    /// Something was heard, or was sent.
    func heard() { state.withLock { $0 = .waiting(since: .now) } }

    /// This side has something to do before it listens again.
    func working() { state.withLock { $0 = .working } }

    /// Returns when nothing was heard for the limit.
    ///
    /// - Throws: `CancellationError` when its task is cancelled first.
    func silence() async throws {
        while true {
            let waited: Duration? = state.withLock { state in
                if case .waiting(let since) = state { return ContinuousClock.now - since }
                return nil
            }
            guard let waited else {
                try await Task.sleep(for: limit)
                continue
            }
            if waited >= limit { return }
            try await Task.sleep(for: limit - waited)
        }
    }
}

/// Runs an exchange under a watchdog.
///
/// - Throws: what the exchange throws, or `timeout()` when nothing was heard for the limit.
func withWatchdog<Result: Sendable>(
    limit: Duration, timeout: @escaping @Sendable () -> any Error,
    _ exchange: @escaping @Sendable (Watchdog) async throws -> Result
) async throws -> Result {
    let watchdog = Watchdog(limit: limit)
    return try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await exchange(watchdog) }
        group.addTask {
            try await watchdog.silence()
            throw timeout()
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
