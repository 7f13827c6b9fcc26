import SatchelCore

/// The first frame of a push request.
public struct PushOpen: Sendable, Hashable {
    public var wireVersion: Int
    public var commitment: Commitment
    /// The counter before the first transaction that follows, and the running hash there: the server compares them with
    /// its own before it takes anything.
    public var baseCounter: UInt64
    public var baseHash: [UInt8]
    /// The device's clocks now, to measure its skew against.
    public var clock: ClockReading

    public init(
        wireVersion: Int = Limits.wireVersion, commitment: Commitment, baseCounter: UInt64, baseHash: [UInt8],
        clock: ClockReading
    ) {
        self.wireVersion = wireVersion
        self.commitment = commitment
        self.baseCounter = baseCounter
        self.baseHash = baseHash
        self.clock = clock
    }
}

/// From client to server on a push.
public enum PushFrame: Sendable, Hashable {
    case open(PushOpen)
    case transaction(SealedTransaction)
}

/// From server to client on a push: what is durable now. Verdicts of repeats are the original ones.
public struct PushAcknowledgement: Sendable, Hashable {
    public var appliedThrough: UInt64
    public var runningHash: [UInt8]
    public var verdicts: [TransactionVerdict]

    public init(appliedThrough: UInt64, runningHash: [UInt8], verdicts: [TransactionVerdict]) {
        self.appliedThrough = appliedThrough
        self.runningHash = runningHash
        self.verdicts = verdicts
    }
}

public enum PushReply: Sendable, Hashable {
    case acknowledged(PushAcknowledgement)
    case failed(Failure)
}
