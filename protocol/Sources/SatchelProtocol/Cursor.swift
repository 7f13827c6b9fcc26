import SatchelCore

/// How far a replica has come: the last checkpoint that it applied. The seal is the server's own proof that it sent that
/// checkpoint to that user, so that a position nobody sent cannot be claimed; to a client it is opaque bytes.
public struct Cursor: Sendable, Hashable {
    public var epoch: Epoch
    public var position: Position
    public var seal: [UInt8]

    public init(epoch: Epoch, position: Position, seal: [UInt8]) {
        self.epoch = epoch
        self.position = position
        self.seal = seal
    }
}

/// What a client states at the head of every request, before the server tells it anything new (DESIGN §7, "As-of
/// authority"): only transactions up to `lastCounter` may later claim to have been written before this moment.
public struct Commitment: Sendable, Hashable {
    /// Nil before the first checkpoint.
    public var cursor: Cursor?
    /// The last counter that the replica has given to a transaction, acknowledged or not; 0 for none.
    public var lastCounter: UInt64
    /// The running hash over all its transactions up to `lastCounter` (SPEC.md, "Running hash").
    public var runningHash: [UInt8]
    /// Verdicts of transactions up to this counter are kept durably by the client; the server need not send them again.
    public var confirmedThrough: UInt64

    public init(cursor: Cursor?, lastCounter: UInt64, runningHash: [UInt8], confirmedThrough: UInt64) {
        self.cursor = cursor
        self.lastCounter = lastCounter
        self.runningHash = runningHash
        self.confirmedThrough = confirmedThrough
    }
}
