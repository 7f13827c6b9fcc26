import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Everything that a group of transactions can touch, loaded beforehand, and what they have made of it so far. A value:
/// ingest is a function from it and the items to a new one.
public struct IngestState: Sendable {
    public internal(set) var head: LogHead
    let governance: Governance
    /// Rows known to be absent are present with nil.
    var rows: [RowKey: StoredRow?]
    /// Current and past, by root.
    var memberships: [RootNumber: [Membership]]
    /// Rows placed through a row, where they were loaded.
    var children: [RowKey: Set<RowKey>]
    var applied: [ReplicaID: AppliedMark]
    var originals: [Dot: OriginalAnswer]
    /// See `Succession`.
    var kin: [ReplicaID: [ReplicaID: UInt64]]
    /// Of the items' own dots.
    let twins: [Dot: Twin]
    /// Replicas of which an item of this group failed: what follows it from there must not be taken.
    var stopped: [ReplicaID: Failure] = [:]
    /// The log's clock at the positions that the items had seen.
    let clocks: [Position: HLC]
    let forks: [Epoch: Position]
    var refusals: [RefusalID: RefusalRecord]
    private var accesses: [String: Access] = [:]

    // What is to be written.
    var commit: Commit
    var changedRows: Set<RowKey> = []
    var changedRoots: Set<RootNumber> = []
    var touchedScopes: Set<Scope> = []

    init(
        head: LogHead, governance: Governance, rows: [RowKey: StoredRow?], memberships: [RootNumber: [Membership]],
        children: [RowKey: Set<RowKey>], applied: [ReplicaID: AppliedMark], originals: [Dot: OriginalAnswer],
        kin: [ReplicaID: [ReplicaID: UInt64]], twins: [Dot: Twin],
        clocks: [Position: HLC], forks: [Epoch: Position], refusals: [RefusalID: RefusalRecord]
    ) {
        self.head = head
        self.governance = governance
        self.rows = rows
        self.memberships = memberships
        self.children = children
        self.applied = applied
        self.originals = originals
        self.kin = kin
        self.twins = twins
        self.clocks = clocks
        self.forks = forks
        self.refusals = refusals
        commit = Commit(head: head)
    }

    var schema: Schema { governance.schema }

    func row(_ key: RowKey) -> StoredRow? { rows[key] ?? nil }

    mutating func access(of item: IngestItem) -> Authorisation {
        switch item.authority {
        case .trusted: return .everything
        case .user(let user):
            if let known = accesses[user] { return .access(known, governance.policy) }
            let access = governance.access(of: user)
            accesses[user] = access
            return .access(access, governance.policy)
        }
    }

    /// The scopes that some roots are in now.
    func scopes(of roots: some Sequence<RootNumber>) -> Set<Scope> {
        roots.reduce(into: Set()) { scopes, root in
            for membership in memberships[root] ?? [] where membership.ended == nil { scopes.insert(membership.scope) }
        }
    }

    func scopes(of row: StoredRow) -> Set<Scope> { scopes(of: row.currentRoots) }

    /// The commit with every touched row and root in its final state.
    func finished() -> Commit {
        var commit = commit
        commit.head = head
        commit.rows = changedRows.sorted().compactMap { row($0) }
        commit.memberships = changedRoots.sorted().flatMap { memberships[$0] ?? [] }
        return commit
    }
}

/// What the writer may do: everything, or what grants and policy say.
enum Authorisation: Sendable {
    case everything
    case access(Access, Policy)

    func rights(table index: Int, _ table: Table, scopes: Set<Scope>) -> Rights {
        switch self {
        case .everything:
            return Rights(read: table.all, write: table.all, create: true, createFields: table.all, delete: true)
        case .access(let access, let policy):
            return policy.rights(access.roles(in: scopes, table: table), table: index)
        }
    }

    var isEverything: Bool {
        if case .everything = self { return true }
        return false
    }
}
