import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Everything that a `MemoryServerStore` holds, as one value: a copy is a snapshot.
struct MemoryServerState: Sendable {
    struct Numbered: Sendable {
        var row: StoredRow
        /// In order of arrival.
        let order: UInt64
    }

    struct Reference: Hashable, Sendable {
        let table: Int
        let field: Int
        let id: RowID
    }

    var head: LogHead
    /// Each with where it was left; the last is the current one.
    var epochs: [(epoch: Epoch, fork: Position?)]
    /// The entry of position n at n − 1.
    var entries: [LogEntry] = []
    var places: [Dot: Int] = [:]
    /// Ascending; each holds until the next.
    var governances: [(began: Position, rules: Governance)]
    var applied: [ReplicaID: AppliedMark] = [:]
    var authors: [ReplicaID: String] = [:]
    var beginnings: [ReplicaID: AppliedMark] = [:]
    var kin: [ReplicaID: [ReplicaID: UInt64]] = [:]
    var rows: [RowKey: Numbered] = [:]
    var references: [Reference: Set<RowID>] = [:]
    var hanging: [RootNumber: Set<RowKey>] = [:]
    var memberships: [RootNumber: [Membership]] = [:]
    /// Roots that are or were in a scope.
    var placed: [Scope: Set<RootNumber>] = [:]
    var touched: [RootNumber: Position] = [:]
    var refusals: [RefusalID: RefusalRecord] = [:]

    init(governance: Governance, epoch: Epoch) {
        head = LogHead(epoch: epoch, position: .zero, hash: LogChain.start, clock: .zero, nextRoot: .firstOfRows)
        epochs = [(epoch, nil)]
        governances = [(.zero, governance)]
        store(Membership(root: .global, scope: .global, began: .zero))
    }

    mutating func begin(_ epoch: Epoch) {
        epochs[epochs.count - 1].fork = head.position
        epochs.append((epoch, nil))
        head.epoch = epoch
    }

    /// Takes in a commit that has been checked.
    mutating func apply(_ commit: Commit) {
        for entry in commit.entries {
            switch entry.content {
            case .transaction(let sealed, _, _):
                if let replica = entry.replica { places[Dot(replica: replica, counter: sealed.counter)] = entries.count }
            case .governance(let changes):
                if var rules = governances.last?.rules {
                    for change in changes { rules.apply(change) }
                    governances.append((entry.position, rules))
                }
            }
            entries.append(entry)
        }
        for row in commit.rows { store(row) }
        for membership in commit.memberships { store(membership) }
        touched.merge(commit.touched) { max($0, $1) }
        applied.merge(commit.applied) { $1 }
        for (replica, beginning) in commit.beginnings {
            applied[replica] = beginning.mark
            beginnings[replica] = beginning.mark
            kin[replica] = beginning.kin
        }
        for (replica, others) in commit.kin { kin[replica, default: [:]].merge(others) { max($0, $1) } }
        for refusal in commit.refusals { refusals[refusal.id] = refusal }
        head = commit.head
    }

    private mutating func store(_ row: StoredRow) {
        let before = rows[row.key]
        for (field, definition) in schema.tables[row.key.table].fields.enumerated() {
            guard case .reference = definition.type else { continue }
            let (old, new) = (reference(before?.row, field), reference(row, field))
            guard old != new else { continue }
            if let old { references[old]?.remove(row.key.id) }
            if let new { references[new, default: []].insert(row.key.id) }
        }
        for link in before?.row.links ?? [] { hanging[link.root]?.remove(row.key) }
        for link in row.links { hanging[link.root, default: []].insert(row.key) }
        rows[row.key] = Numbered(row: row, order: before?.order ?? UInt64(rows.count))
    }

    private func reference(_ row: StoredRow?, _ field: Int) -> Reference? {
        guard let row, case .text(let text) = row.state.value(field), let id = RowID(text) else { return nil }
        return Reference(table: row.key.table, field: field, id: id)
    }

    private mutating func store(_ membership: Membership) {
        let root = membership.root
        let place = memberships[root]?.firstIndex { $0.scope == membership.scope && $0.began == membership.began }
        if let place { memberships[root]?[place] = membership } else { memberships[root, default: []].append(membership) }
        placed[membership.scope, default: []].insert(root)
    }

    var schema: Schema { governances[governances.count - 1].rules.schema }
}

extension MemoryServerState {
    func governance(at position: Position) throws -> Governance {
        guard position <= head.position, let found = governances.last(where: { $0.began <= position }) else {
            throw SatchelError.beyondTheLog(position)
        }
        return found.rules
    }

    func clock(at position: Position) throws -> HLC {
        guard position <= head.position else { throw SatchelError.beyondTheLog(position) }
        return position == .zero ? .zero : entries[Int(position.number) - 1].clock
    }

    func transaction(_ replica: ReplicaID, _ counter: UInt64) -> (verdict: TransactionVerdict, runningHash: [UInt8])? {
        guard let place = places[Dot(replica: replica, counter: counter)],
            case .transaction(_, let verdict, let runningHash) = entries[place].content
        else { return nil }
        return (verdict, runningHash)
    }

    func family(of replica: ReplicaID) -> [ReplicaID] {
        let others = Set((kin[replica] ?? [:]).keys)
        var found = others
        for (heir, shared) in kin where shared[replica] != nil || !others.isDisjoint(with: shared.keys) { found.insert(heir) }
        found.remove(replica)
        return found.sorted()
    }

    func fork(of epoch: Epoch) -> Position? {
        guard let found = epochs.last(where: { $0.epoch == epoch }) else { return nil }
        return found.fork ?? head.position
    }

    func roots(in scope: Scope, changedAfter position: Position) -> [RootNumber] {
        let changed = (placed[scope] ?? []).filter { root in
            (memberships[root] ?? []).contains { $0.scope == scope && lastChange(of: $0) > position }
        }
        return changed.sorted()
    }

    private func lastChange(of membership: Membership) -> Position {
        membership.ended ?? max(membership.began, touched[membership.root] ?? .zero)
    }

    func rows(
        under root: RootNumber, changedAfter position: Position, page: RowPage?, limit: Int
    ) -> (rows: [StoredRow], next: RowPage?) {
        var found: [StoredRow] = []
        for key in hanging[root] ?? [] {
            if case .after(let last) = page, key <= last { continue }
            guard let row = rows[key]?.row, let changed = row.position(under: root), changed > position else { continue }
            found.append(row)
        }
        found.sort { $0.key < $1.key }
        let page = found.prefix(max(limit, 1))
        return (Array(page), page.count < found.count ? page.last.map { .after($0.key) } : nil)
    }
}

extension SatchelError {
    package static func beyondTheLog(_ position: Position) -> SatchelError {
        SatchelError(
            .internalError, "The position \(position) is beyond the end of the log.",
            remedy: "Report this with the server's log; nothing was changed.")
    }
}
