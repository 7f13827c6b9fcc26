import SatchelCore
import SatchelEngine

/// What one sync did (COMMANDS.md, "In `sync`").
public struct SyncReport: Sendable, Hashable {
    /// Transactions that the server acknowledged.
    public var pushed = 0
    /// Rows that changed here.
    public var pulled = 0
    /// Rows removed because they left my scopes, or are gone for everyone: which, nobody is told.
    public var left = 0
    /// Changes that the server refused: kept, and listed by `refusals()`.
    public var refused = 0
    /// Cells newly in conflict and own writes newly overtaken by a delete, listed by `conflicts()`.
    public var conflicts = 0
    /// The checkpoint where the replica now stands; nil before the first.
    public var position: Position?

    public init() {}

    mutating func add(_ run: ApplyReport) {
        pulled += run.pulled
        left += run.left
        refused += run.refused
        conflicts += run.conflicts
        position = run.position
    }

    mutating func add(_ progress: PushProgress) {
        pushed += progress.acknowledged
        refused += progress.refused
        conflicts += progress.overtaken
    }
}

/// How far a sync has come, for a person who waits.
public struct SyncProgress: Sendable, Hashable {
    /// Transactions acknowledged so far.
    public var pushed = 0
    /// Rows received so far, whether or not they are applied already.
    public var received = 0
    /// Rows that the server expects to send, as it estimates; nil where it does not know.
    public var expected: Int?

    public init() {}
}

/// What a live replica tells. A consumer that falls more than a thousand events behind misses the oldest: the rows are in the
/// file all the same.
public enum LiveEvent: Sendable, Hashable {
    /// A checkpoint was reached or transactions were acknowledged. `changes` holds the first thousand rows that changed.
    case synced(SyncReport, changes: [RowChange])
    /// The server is out of reach or wants to be left alone; another attempt follows after so many milliseconds.
    case offline(code: String, message: String, retryMilliseconds: Int)
}

/// What `verify()` found.
public struct VerifyReport: Sendable, Hashable {
    /// Where the replica was compared with the server's projection.
    public var position: Position
    /// What differed, at most a thousand of them; all of them are mended.
    public var differences: [Difference]
    public var isOK: Bool { differences.isEmpty }

    public init(position: Position, differences: [Difference]) {
        self.position = position
        self.differences = differences
    }
}
