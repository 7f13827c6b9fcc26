import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One transaction on its way in, with all that is known of its sender from the authenticated session.
public struct IngestItem: Sendable {
    /// On whose authority it is judged.
    public enum Authority: Sendable, Hashable {
        /// A user's, by the grants of the organisation.
        case user(String)
        /// The server's own writers (import): every right, ids of their own making; values are checked all the same.
        case trusted(String)
    }

    public let replica: ReplicaID
    public let authority: Authority
    public let sealed: SealedTransaction
    /// The sender's running hash after it: where it differs from ours, another file writes under the same replica id.
    public let runningHash: [UInt8]
    /// Nil when the payload could not be decoded: it becomes a void record.
    public let decoded: Transaction?
    /// The device's clocks at the push.
    public let pushed: ClockReading
    /// The server's wall clock at the push, milliseconds since 1970.
    public let receivedMilliseconds: UInt64
    /// The highest checkpoint that the sender has proven to have received, in `epoch`.
    public let proven: Position
    public let epoch: Epoch

    /// - Parameter previous: the sender's running hash before this transaction.
    public init(
        replica: ReplicaID, authority: Authority, sealed: SealedTransaction, after previous: [UInt8], decoded: Transaction?,
        pushed: ClockReading, receivedMilliseconds: UInt64, proven: Position, epoch: Epoch
    ) {
        self.replica = replica
        self.authority = authority
        self.sealed = sealed
        runningHash = RunningHash.next(previous, sealed)
        self.decoded = decoded
        self.pushed = pushed
        self.receivedMilliseconds = receivedMilliseconds
        self.proven = proven
        self.epoch = epoch
    }

    var user: String {
        switch authority {
        case .user(let user), .trusted(let user): user
        }
    }

    var isTrusted: Bool {
        if case .trusted = authority { return true }
        return false
    }
}

/// What became of one item.
public enum IngestOutcome: Sendable, Hashable {
    case verdict(TransactionVerdict)
    /// It is in the log already: the original verdict.
    case repeated(TransactionVerdict?)
    case failed(Failure)
}

/// What a group of items did, for acknowledgements and for waking readers.
public struct IngestReport: Sendable {
    /// One an item, in order.
    public var outcomes: [IngestOutcome]
    /// Scopes in which something changed that a reader may have to hear of.
    public var touched: Set<Scope>
    /// Replicas whose own transactions were applied.
    public var replicas: Set<ReplicaID>
    public var applied: [ReplicaID: AppliedMark]
    /// Whether the rules changed, which concerns everyone.
    public var governanceChanged: Bool
    public var head: LogHead

    public init(
        outcomes: [IngestOutcome], touched: Set<Scope>, replicas: Set<ReplicaID>, applied: [ReplicaID: AppliedMark],
        governanceChanged: Bool, head: LogHead
    ) {
        self.outcomes = outcomes
        self.touched = touched
        self.replicas = replicas
        self.applied = applied
        self.governanceChanged = governanceChanged
        self.head = head
    }
}

/// Loading, then deciding, then writing: only the middle decides, and it is pure.
public enum Ingest {
    /// Admits a group of transactions in order, in one durable write.
    public static func commit(_ items: [IngestItem], in writer: any ServerWriter) throws -> IngestReport {
        var state = try IngestLoader.load(items, from: writer)
        let outcomes = items.map { state.admit($0) }
        if !state.commit.entries.isEmpty || !state.commit.applied.isEmpty { try writer.write(state.finished()) }
        return IngestReport(
            outcomes: outcomes, touched: state.touchedScopes, replicas: Set(state.commit.applied.keys),
            applied: state.applied, governanceChanged: false, head: state.head)
    }
}
