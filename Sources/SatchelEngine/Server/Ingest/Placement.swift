import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Where rows belong: roots, their memberships, and the rows that follow them (DESIGN §6).
extension IngestState {
    /// The scopes that a row's own fields give.
    static func ownScopes(_ table: Table, _ value: (Int) -> Value) -> Set<Scope> {
        var scopes: Set<Scope> = []
        for rule in table.partition {
            switch rule {
            case .territory(let field):
                if case .text(let id) = value(field) { scopes.insert(.territory(id)) }
            case .owner(let field):
                if case .text(let id) = value(field) { scopes.insert(.user(id)) }
            case .global: scopes.insert(.global)
            case .through: break
            }
        }
        return scopes
    }

    /// Brings links and memberships in line with rows whose placing fields changed, and with what hangs below them.
    mutating func place(_ moved: Set<RowKey>, at position: Position) {
        for key in moved { settleOwnRoot(key, at: position) }
        for (key, roots) in settledRoots(of: withDescendants(moved)) { relink(key, to: roots, at: position) }
    }

    private mutating func settleOwnRoot(_ key: RowKey, at position: Position) {
        guard var row = row(key) else { return }
        let table = schema.tables[key.table]
        guard table.partition.contains(where: { $0 != .global && $0.through == nil }) else { return }
        var wanted = Self.ownScopes(table) { row.state.value($0) }
        wanted.remove(.global)
        // Of a row that only its parents place, everything below would carry one root more.
        if row.ownRoot == nil, wanted.isEmpty { return }
        if row.ownRoot == nil {
            row.ownRoot = head.nextRoot
            head.nextRoot = head.nextRoot.next
            rows[key] = row
            memberships[row.ownRoot ?? .global] = []
        }
        guard let root = row.ownRoot else { return }
        var list = memberships[root] ?? []
        for index in list.indices where list[index].ended == nil {
            if wanted.remove(list[index].scope) == nil {
                list[index].ended = position
                touchedScopes.insert(list[index].scope)
                changedRoots.insert(root)
            }
        }
        for scope in wanted.sorted() {
            // One that ended and begins again within a group is one interval that never ended, to every reader.
            list.append(Membership(root: root, scope: scope, began: position))
            touchedScopes.insert(scope)
            changedRoots.insert(root)
        }
        memberships[root] = list
        touch(root, at: position)
    }

    private func withDescendants(_ moved: Set<RowKey>) -> Set<RowKey> {
        var all = moved
        var open = Array(moved)
        while let key = open.popLast() {
            for child in children[key] ?? [] where all.insert(child).inserted { open.append(child) }
        }
        return all
    }

    /// The least fixpoint of "own root, and all roots of the parents" over some rows, the others standing as they are.
    private func settledRoots(of keys: Set<RowKey>) -> [RowKey: Set<RootNumber>] {
        var roots: [RowKey: Set<RootNumber>] = [:]
        var inner: [RowKey: [RowKey]] = [:]
        for key in keys {
            guard let row = row(key) else { continue }
            let table = schema.tables[key.table]
            var set: Set<RootNumber> = []
            if let own = row.ownRoot { set.insert(own) }
            if table.partition.contains(.global) { set.insert(.global) }
            for field in table.partition.compactMap(\.through) {
                guard let parent = schema.target(of: row.state.value(field), table: key.table, field: field) else { continue }
                if keys.contains(parent) {
                    inner[parent, default: []].append(key)
                } else if let parent = self.row(parent) {
                    set.formUnion(parent.currentRoots)
                }
            }
            roots[key] = set
        }
        var open = Array(roots.keys)
        while let parent = open.popLast() {
            for child in inner[parent] ?? [] {
                let inherited = roots[parent] ?? []
                let before = roots[child] ?? []
                guard !inherited.isSubset(of: before) else { continue }
                roots[child] = before.union(inherited)
                open.append(child)
            }
        }
        return roots
    }

    private mutating func relink(_ key: RowKey, to wanted: Set<RootNumber>, at position: Position) {
        guard var row = row(key), Set(row.currentRoots) != wanted else { return }
        for index in row.links.indices where row.links[index].ended == nil && !wanted.contains(row.links[index].root) {
            row.links[index].ended = position
            touch(row.links[index].root, at: position)
        }
        let current = Set(row.currentRoots)
        for root in wanted.subtracting(current).sorted() {
            if memberships[root] == nil, root == .global {
                memberships[root] = [Membership(root: .global, scope: .global, began: .zero)]
            }
            row.links.append(RootLink(root: root, began: position))
        }
        row.position = position
        rows[key] = row
        markChanged(key, at: position)
    }

    /// A row changed: it and every root that it hangs under.
    mutating func markChanged(_ key: RowKey, at position: Position) {
        changedRows.insert(key)
        for root in row(key)?.currentRoots ?? [] { touch(root, at: position) }
    }

    private mutating func touch(_ root: RootNumber, at position: Position) {
        commit.touched[root] = position
        for membership in memberships[root] ?? [] where membership.ended == nil { touchedScopes.insert(membership.scope) }
    }
}
