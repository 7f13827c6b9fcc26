import SatchelCore

/// How a replica stands.
public struct ReplicaStatus: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// No identity yet.
        case notEnrolled = "not-enrolled"
        /// Enrolled; the first checkpoint is still to come, and until then nothing can be written.
        case bootstrapping
        case ready
        /// The server has ended this identity: the file must enrol again, and keeps its queue.
        case revoked
    }

    public var user: String?
    public var replica: ReplicaID?
    public var server: String?
    public var state: State
    /// Nil before the first checkpoint.
    public var position: Position?
    /// Transactions that the server has not acknowledged.
    public var pending: Int
    /// Outstanding refusals.
    public var refused: Int
    /// Cells with more than one head, and own writes that a delete overtook.
    public var conflicts: Int
    /// Wall clock at the end of the last completed sync, milliseconds since 1970; nil before the first.
    public var lastSyncMilliseconds: UInt64?
    /// Something was revoked and is gone from the tables, but a program that holds the file open still keeps its old pages
    /// from being blanked. It is tried again with each sync.
    public var isBlankingPending: Bool

    public init(
        user: String? = nil, replica: ReplicaID? = nil, server: String? = nil, state: State, position: Position? = nil,
        pending: Int = 0, refused: Int = 0, conflicts: Int = 0, lastSyncMilliseconds: UInt64? = nil,
        isBlankingPending: Bool = false
    ) {
        self.user = user
        self.replica = replica
        self.server = server
        self.state = state
        self.position = position
        self.pending = pending
        self.refused = refused
        self.conflicts = conflicts
        self.lastSyncMilliseconds = lastSyncMilliseconds
        self.isBlankingPending = isBlankingPending
    }
}
