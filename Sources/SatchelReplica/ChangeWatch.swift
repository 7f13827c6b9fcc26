import SatchelProtocol
import Synchronization

/// Tells when rows may have been written, by this process or another. SQLite tells one process nothing of another's writes,
/// so that the file is looked at again and again, but only while someone listens.
final class ChangeWatch: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextListener = 0
        var poll: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let interval: Duration
    private let others: @Sendable () -> AsyncThrowingStream<Void, any Error>

    /// - Parameters:
    ///   - interval: how long to wait before looking again at a file that could not be read.
    ///   - others: one element after each write by others; observers of rows are told before.
    init(interval: Duration, others: @escaping @Sendable () -> AsyncThrowingStream<Void, any Error>) {
        self.interval = interval
        self.others = others
    }

    deinit { state.withLock { $0.poll?.cancel() } }

    /// One element at the beginning, then after writes; several in a row may come as one.
    func subscribe() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let number = state.withLock { state in
                state.nextListener += 1
                state.listeners[state.nextListener] = continuation
                if state.poll == nil { state.poll = poll() }
                return state.nextListener
            }
            continuation.onTermination = { [weak self] _ in self?.remove(number) }
            continuation.yield()
        }
    }

    /// This process wrote.
    func notify() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield() }
    }

    private func remove(_ number: Int) {
        let poll: Task<Void, Never>? = state.withLock { state in
            state.listeners[number] = nil
            guard state.listeners.isEmpty else { return nil }
            defer { state.poll = nil }
            return state.poll
        }
        poll?.cancel()
    }

    private func poll() -> Task<Void, Never> {
        Task { [weak self, interval, others] in
            while !Task.isCancelled {
                do {
                    for try await _ in others() { self?.notify() }
                } catch {
                    // The file is busy, or its disk away: whoever listens hears of that from its own work on it.
                }
                try? await Task.sleep(for: interval)
            }
        }
    }
}
