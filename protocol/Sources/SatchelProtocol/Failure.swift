/// A request, or a stream in the middle, that goes no further: what happened and what the client shall do.
public struct Failure: Error, Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        /// Nothing is wrong with the client; try again after so many seconds, with back-off and jitter.
        case retryAfter(seconds: Int)
        /// Send the transactions from this counter on.
        case resumeFrom(counter: UInt64)
        /// Discard the cursor and pull everything anew; pending work stays.
        case pullAnew
        /// Fetch a new token.
        case authenticate
        /// This identity is finished: enrol again, keeping the queue.
        case enrol
        case upgradeClient
        /// A retry of the same will fail the same way; a person must look.
        case giveUp
    }

    public var code: ErrorCode
    public var message: String
    public var action: Action

    public init(code: ErrorCode, message: String, action: Action) {
        self.code = code
        self.message = message
        self.action = action
    }
}
