import SatchelProtocol
import SatchelWire
import Synchronization

/// What of a push has arrived and is not committed yet: filled by whoever reads the body, emptied by whoever commits, each at
/// its own speed within bounds.
final class PushIntake: Sendable {
    /// How the body ended.
    enum End: Sendable {
        case whole
        /// Nothing more of it is taken; what came before stands.
        case failed(Failure)
    }

    private struct State {
        var frames: [PushFrame] = []
        var bytes = 0
        var end: End?
        var reader: CheckedContinuation<Void, Never>?
        var taker: CheckedContinuation<Void, Never>?

        var isFull: Bool { frames.count >= Limits.groupTransactions || bytes >= Limits.frameBytes }
    }

    private let state = Mutex(State())

    /// Waits while too much waits.
    /// - Returns: false when no more is wanted.
    func put(_ frame: PushFrame) async -> Bool {
        let size = if case .transaction(let sealed) = frame { sealed.payload.count } else { 0 }
        await withCheckedContinuation { continuation in
            let mayGo = state.withLock { state in
                if !state.isFull || state.end != nil { return true }
                state.reader = continuation
                return false
            }
            if mayGo { continuation.resume() }
        }
        return change { state in
            guard state.end == nil else { return false }
            state.frames.append(frame)
            state.bytes += size
            return true
        }
    }

    /// The first end stays.
    func end(_ end: End) {
        change { state in
            if state.end == nil { state.end = end }
        }
    }

    /// Everything that is there, at most a group of it, waiting for something. Empty frames: that was all, and how it ended.
    func take() async -> (frames: [PushFrame], end: End) {
        await withCheckedContinuation { continuation in
            let mayGo = state.withLock { state in
                if !state.frames.isEmpty || state.end != nil { return true }
                state.taker = continuation
                return false
            }
            if mayGo { continuation.resume() }
        }
        return change { state in
            let frames = Array(state.frames.prefix(Limits.groupTransactions))
            state.frames.removeFirst(frames.count)
            if state.frames.isEmpty { state.bytes = 0 }
            return (frames, state.end ?? .whole)
        }
    }

    /// Changes the state, and lets go on whoever can.
    private func change<Result>(_ body: (inout State) -> sending Result) -> sending Result {
        var woken: [CheckedContinuation<Void, Never>] = []
        let result = state.withLock { state in
            let result = body(&state)
            if !state.isFull || state.end != nil, let reader = state.reader.take() { woken.append(reader) }
            if !state.frames.isEmpty || state.end != nil, let taker = state.taker.take() { woken.append(taker) }
            return result
        }
        for continuation in woken { continuation.resume() }
        return result
    }
}
