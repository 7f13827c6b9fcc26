import SatchelProtocol
import Synchronization

/// Lets so many run at once, the others wait in line: each pass holds a thread and a snapshot of the store.
final class PassGate: Sendable {
    private struct State {
        var free: Int
        var line: [CheckedContinuation<Bool, Never>] = []
        var isClosed = false
    }

    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(free: count)) }

    /// - Throws: `Failure` `.shuttingDown`.
    func withPlace<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard await enter() else { throw Failure.shuttingDown }
        defer { leave() }
        return try await body()
    }

    /// Those who wait in line are turned away; those inside go on.
    func close() {
        let line = state.withLock { state in
            state.isClosed = true
            defer { state.line = [] }
            return state.line
        }
        for continuation in line { continuation.resume(returning: false) }
    }

    private func enter() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.isClosed { return false }
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.line.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.line.isEmpty {
                state.free += 1
                return nil
            }
            return state.line.removeFirst()
        }
        next?.resume(returning: true)
    }
}
