import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Watches that the frames of a pull come in an order that can be applied, before anything is.
public struct PullReceiver: Sendable {
    public enum Event: Sendable, Hashable {
        /// Belongs to the run that is under way.
        case staged
        /// The checkpoint: the run is whole and can be applied.
        case complete
        case heartbeat
    }

    private var isInRun = false

    public init() {}

    public mutating func receive(_ frame: PullFrame) throws(Failure) -> Event {
        switch frame {
        case .begin:
            guard !isInRun else { throw Self.disorder }
            isInRun = true
            return .staged
        case .checkpoint:
            guard isInRun else { throw Self.disorder }
            isInRun = false
            return .complete
        case .heartbeat: return .heartbeat
        case .failed(let failure): throw failure
        case .schema, .mask, .places, .rows, .left, .rootsLeft, .conflicts, .verdicts:
            guard isInRun else { throw Self.disorder }
            return .staged
        }
    }

    private static let disorder = Failure(
        code: .malformed, message: "The frames of the pull came out of order.", action: .retryAfter(seconds: 5))
}
