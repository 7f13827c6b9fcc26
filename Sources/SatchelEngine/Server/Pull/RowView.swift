import SatchelCore
import SatchelPolicy

/// What one user could see of rows at one moment: the rules and grants in force then.
struct Viewpoint {
    private(set) var position: Position
    let governance: Governance
    let access: Access

    init(position: Position, governance: Governance, user: String) {
        self.position = position
        self.governance = governance
        access = governance.access(of: user)
    }

    /// The same rules and grants at another position, between which they did not change.
    func moved(to position: Position) -> Viewpoint {
        var other = self
        other.position = position
        return other
    }

    /// The roles that count for a row with these roots' scopes at this moment.
    func roles(_ scopes: Set<Scope>, table: Int) -> RoleSet {
        access.roles(in: scopes, table: governance.schema.tables[table])
    }

    func rights(_ roles: RoleSet, table: Int) -> Rights { governance.policy.rights(roles, table: table) }
}

/// How one user sees a row at one moment: with which roles, and through which roots, ascending.
struct RowSighting: Equatable {
    let roles: RoleSet
    let roots: [RootNumber]
}

/// What a reader needs to hear about one row between two moments.
struct RowNews {
    enum Content {
        /// The whole row, as its mask now has it. No other roots than these may be told, not even as numbers.
        case complete(RowSighting)
        /// These fields of a row that the reader holds under the same mask.
        case changed(roles: RoleSet, fields: FieldSet)
        /// The reader held it through these roots, and no longer may.
        case left(roots: [RootNumber])
    }

    let content: Content
    /// The one root among those that the reader sees under which it is told.
    let place: RootNumber?
}

extension RootStandings {
    mutating func news(of row: StoredRow, _ reader: any ServerReader) throws -> RowNews? {
        let before = try sightingThen(of: row, reader)
        guard let after = try sightingNow(of: row, reader) else {
            guard let before else { return nil }
            return RowNews(
                content: .left(roots: before.roots),
                place: try place(of: row, before.roots, hasChangedItself: false, reader))
        }
        let from = then?.position ?? .zero
        let isReborn = row.state.existence.length(at: from) != row.state.existence.length
        var fields = FieldSet()
        for field in now.rights(after.roles, table: row.key.table).read.members where row.state.position(field) > from {
            fields.insert(field)
        }
        guard before == after, !rulesChanged, !isReborn else {
            let roots = Set(before?.roots ?? []).union(after.roots)
            return RowNews(
                content: .complete(after),
                place: try place(of: row, Array(roots), hasChangedItself: isReborn || !fields.isEmpty, reader))
        }
        if fields.isEmpty { return nil }
        return RowNews(
            content: .changed(roles: after.roles, fields: fields),
            place: try place(of: row, after.roots, hasChangedItself: true, reader))
    }

    /// A row under several roots may be met under each of them, also under one where only something hidden happened. It is
    /// told under the first of those where it is met for what this reader sees: that it changed itself, that it came to hang
    /// there or hangs there no more, or that the root means something else.
    private mutating func place(
        of row: StoredRow, _ roots: [RootNumber], hasChangedItself: Bool, _ reader: any ServerReader
    ) throws -> RootNumber? {
        if roots.count == 1 { return roots[0] }
        var all: [(root: RootNumber, number: UInt64)] = []
        var moved: [(root: RootNumber, number: UInt64)] = []
        for root in roots {
            let standing = try standing(of: root, reader)
            all.append((root, standing.number))
            let links = row.links.filter { $0.root == root }
            let hungThen = then.map { then in links.contains { $0.holds(at: then.position) } } ?? false
            if standing.hasChanged || hungThen != links.contains(where: { $0.ended == nil }) {
                moved.append(all[all.count - 1])
            }
        }
        return (hasChangedItself || moved.isEmpty ? all : moved).min { $0.number < $1.number }?.root
    }

    private mutating func sightingNow(of row: StoredRow, _ reader: any ServerReader) throws -> RowSighting? {
        guard row.state.isAlive else { return nil }
        return try sighting(row.currentRoots, now, table: row.key.table, reader) { $0.now }
    }

    private mutating func sightingThen(of row: StoredRow, _ reader: any ServerReader) throws -> RowSighting? {
        guard let then, row.key.table < then.governance.schema.tables.count,
            row.state.existence.length(at: then.position) % 2 == 1
        else { return nil }
        let roots = Set(row.links.lazy.filter { $0.holds(at: then.position) }.map(\.root)).sorted()
        return try sighting(roots, then, table: row.key.table, reader) { $0.then }
    }

    private mutating func sighting(
        _ roots: [RootNumber], _ view: Viewpoint, table: Int, _ reader: any ServerReader,
        _ scopes: (RootStanding) -> Set<Scope>?
    ) throws -> RowSighting? {
        var seen: [RootNumber] = []
        var held: Set<Scope> = []
        for root in roots {
            guard let scopes = scopes(try standing(of: root, reader)) else { continue }
            seen.append(root)
            if seen.count == 1 { held = scopes } else { held.formUnion(scopes) }
        }
        let roles = view.roles(held, table: table)
        return view.rights(roles, table: table).canSee ? RowSighting(roles: roles, roots: seen) : nil
    }
}
