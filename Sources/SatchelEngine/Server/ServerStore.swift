import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What the engine asks of a server's store, at one consistent moment: everything read through one reader belongs to the
/// same position. Synchronous; the store decides on which thread. Every implementation runs `Tests/StoreConformance`.
public protocol ServerReader {
    func head() throws -> LogHead
    /// The rules as they were at a position at or below the head.
    func governance(at position: Position) throws -> Governance
    /// The last position at which the rules changed.
    func governancePosition() throws -> Position

    func applied(_ replica: ReplicaID) throws -> AppliedMark
    /// The running hash after a replica's counter, of its own transactions and of where its chain began; nil for any other.
    /// Counter 0 gives `RunningHash.start`.
    func runningHash(_ replica: ReplicaID, at counter: UInt64) throws -> [UInt8]?
    /// See `Succession`.
    func kin(of replica: ReplicaID) throws -> [ReplicaID: UInt64]
    /// The replica's kin, those whose kin it is, and those that have kin in common with it; ascending, without itself.
    func family(of replica: ReplicaID) throws -> [ReplicaID]
    /// The original verdicts of a replica's transactions `counters`, ascending; missing ones are left out.
    func verdicts(_ replica: ReplicaID, counters: ClosedRange<UInt64>) throws -> [TransactionVerdict]
    /// The user behind a replica, for whoever may read what it wrote; "?" when unknown.
    func author(_ replica: ReplicaID) throws -> String
    /// `LogEntry.clock` at a position; zero for position zero.
    func clock(at position: Position) throws -> HLC
    /// Where an epoch that this log descends from was forked; the current epoch gives its head. Nil for a foreign one.
    func fork(of epoch: Epoch) throws -> Position?

    func row(_ key: RowKey) throws -> StoredRow?
    /// Rows, dead ones included, whose reference field shows this id.
    func referencing(table: Int, field: Int, id: RowID) throws -> [RowID]
    /// All memberships of a root, past ones included.
    func memberships(of root: RootNumber) throws -> [Membership]
    /// Roots that are in the scope now, or were, and of which anything (rows, links, membership) changed after a position.
    func roots(in scope: Scope, changedAfter position: Position) throws -> [RootNumber]
    /// Rows that hang under a root, or hung, and changed after a position, in ascending order of key: the order in which they
    /// changed would tell a reader of changes that it may not see. Pages: pass the last page's `next` to the same reader; nil
    /// starts, a nil `next` ends. A page may hold fewer rows than the limit, or none, and have a next.
    func rows(under root: RootNumber, changedAfter position: Position, page: RowPage?, limit: Int) throws
        -> (rows: [StoredRow], next: RowPage?)

    func refusal(_ id: RefusalID) throws -> RefusalRecord?
    func outstandingRefusals(of user: String) throws -> [RefusalRecord]
}

/// Where a page of rows ended; opaque to the engine, and good for the reader that gave it.
public enum RowPage: Sendable, Hashable {
    /// What follows this key is still to come.
    case after(RowKey)
    /// A list that the store drew up, of rows by its own numbers, from this place on.
    case listed([Int64], from: Int)
}

/// Everything that one group of log entries changes: written in one durable store transaction, or not at all.
public struct Commit: Sendable, Hashable {
    public var head: LogHead
    public var entries: [LogEntry]
    /// The whole new state of each touched row, at most once.
    public var rows: [StoredRow]
    /// New and changed memberships, keyed by (root, scope, began).
    public var memberships: [Membership]
    /// Each root of which anything changed, with the position of its last change; the store indexes its memberships by it.
    public var touched: [RootNumber: Position]
    public var applied: [ReplicaID: AppliedMark]
    /// Replicas whose chains begin with this commit.
    public var beginnings: [ReplicaID: Succession.Beginning]
    /// What was found to be common of replicas' chains; never less than before.
    public var kin: [ReplicaID: [ReplicaID: UInt64]]
    /// New refusals, and earlier ones in their new state.
    public var refusals: [RefusalRecord]

    public init(head: LogHead) {
        self.head = head
        entries = []
        rows = []
        memberships = []
        touched = [:]
        applied = [:]
        beginnings = [:]
        kin = [:]
        refusals = []
    }
}

/// A reader that may also write. The store locks the head from the first read to the commit, so that no two writers decide
/// on the same state.
public protocol ServerWriter: ServerReader {
    func write(_ commit: Commit) throws
}

/// The seam behind which a server's state lies: memory, SQLite, later PostgreSQL.
public protocol ServerStore: Sendable {
    func read<T>(_ body: (any ServerReader) throws -> T) throws -> T
    /// Durable when it returns.
    func write<T>(_ body: (any ServerWriter) throws -> T) throws -> T
}
