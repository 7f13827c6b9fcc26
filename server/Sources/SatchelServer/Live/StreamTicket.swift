import SatchelProtocol
import Synchronization

/// One open stream as the hub knows it: how it is woken, warned, ended and, if it does not listen, cut.
///
/// Wakes coalesce: however many commits concern a stream while it is busy, it makes one more pass.
final class StreamTicket: Sendable {
    enum Event: Sendable, Hashable {
        /// Something was committed that may concern this stream.
        case wake
        /// Nothing was said for a while: say that the connection lives.
        case heartbeat
        case end(Failure)
    }

    private struct State {
        var isWoken = false
        var needsHeartbeat = false
        var end: Failure?
        /// The end is for now, not for when the stream has said what it was saying.
        var isCut = false
        var waiting: CheckedContinuation<Event, Never>?
        var onHeartbeat: (@Sendable () -> Void)?
        var onEnd: (@Sendable (Failure) -> Void)?
        var lastWord = ContinuousClock.now
        var writing: ContinuousClock.Instant?
        var ending: ContinuousClock.Instant?
    }

    let principal: Principal
    private let abort: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameter abort: closes the connection; for a client that takes nothing any more.
    init(principal: Principal, abort: @escaping @Sendable () -> Void) {
        self.principal = principal
        self.abort = abort
    }

    // MARK: The stream's side

    /// The next thing to do. One caller at a time.
    func next() async -> Event {
        await withCheckedContinuation { continuation in
            let event = state.withLock { state -> Event? in
                if let event = Self.take(&state) { return event }
                state.waiting = continuation
                return nil
            }
            if let event { continuation.resume(returning: event) }
        }
    }

    /// - Throws: why, when the stream is to say nothing more.
    func check() throws(Failure) {
        if let failure = state.withLock({ $0.isCut ? $0.end : nil }) { throw failure }
    }

    /// Around each write, so that one that hangs is seen.
    func beginWriting() { state.withLock { $0.writing = .now } }

    func endWriting() {
        state.withLock { state in
            state.writing = nil
            state.lastWord = .now
        }
    }

    /// Who is to hear that a heartbeat is due while nobody waits in `next`; nil for nobody.
    func onHeartbeat(_ action: (@Sendable () -> Void)?) { state.withLock { $0.onHeartbeat = action } }

    /// Who is to hear of the end while nobody waits in `next`. Called at once if it has come already.
    func onEnd(_ action: @escaping @Sendable (Failure) -> Void) {
        let end = state.withLock { state in
            state.onEnd = action
            return state.end
        }
        if let end { action(end) }
    }

    // MARK: The hub's side

    func wake() { deliver { $0.isWoken = true } }

    /// - Parameter isCut: whether not even what is being said may be said to its end.
    func end(_ failure: Failure, isCut: Bool) {
        let action = state.withLock { state -> (@Sendable (Failure) -> Void)? in
            guard !state.isCut else { return nil }
            state.end = failure
            state.isCut = isCut
            state.ending = state.ending ?? .now
            return state.onEnd
        }
        action?(failure)
        deliver { _ in }
    }

    /// Looks at the clock for the stream.
    func tick(now: ContinuousClock.Instant, limits: ServerLimits) {
        enum Due { case abort, heartbeat((@Sendable () -> Void)?) }
        let due = state.withLock { state -> Due? in
            if let writing = state.writing, now - writing >= limits.stall { return .abort }
            if let ending = state.ending, state.isCut, now - ending >= limits.closing { return .abort }
            guard state.writing == nil, now - state.lastWord >= limits.heartbeat else { return nil }
            return .heartbeat(state.onHeartbeat)
        }
        switch due {
        case .abort: abort()
        case .heartbeat(let action?): action()
        case .heartbeat(nil): deliver { $0.needsHeartbeat = true }
        case nil: break
        }
    }

    private func deliver(_ change: (inout State) -> Void) {
        let resumed = state.withLock { state -> (CheckedContinuation<Event, Never>, Event)? in
            change(&state)
            guard let waiting = state.waiting, let event = Self.take(&state) else { return nil }
            state.waiting = nil
            return (waiting, event)
        }
        if let (continuation, event) = resumed { continuation.resume(returning: event) }
    }

    private static func take(_ state: inout State) -> Event? {
        if let end = state.end { return .end(end) }
        if state.isWoken {
            state.isWoken = false
            state.needsHeartbeat = false
            return .wake
        }
        if state.needsHeartbeat {
            state.needsHeartbeat = false
            return .heartbeat
        }
        return nil
    }
}
