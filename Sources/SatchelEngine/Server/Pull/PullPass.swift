import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One run over everything that changed for one user between two positions, in pieces. Every piece must be asked of the
/// same reader.
///
/// It walks the scopes that the user holds now or held then, in each the roots that changed, and under each root the rows:
/// all of them when what the root means to this user changed, else those that changed since (DESIGN §6).
struct PullPass {
    private let then: Viewpoint?
    private let now: Viewpoint
    private let rulesChanged: Bool
    private let cipher: RootCipher

    private var roots: [RootNumber]
    private var visited = 0
    private var visit: Visit?
    private var memberships: [RootNumber: [Membership]] = [:]
    /// Rows with more than one link may be met under each of their roots.
    private var told: Set<RowKey> = []
    private var masks: [RoleSet: UInt32] = [:]
    private var authors: [ReplicaID: String] = [:]
    private(set) var builder: BatchBuilder

    private struct Visit {
        let root: RootNumber
        let changedAfter: Position
        /// The root itself is told to have left; rows under it alone need no word.
        let hasLeft: Bool
        var page: RowPage?
    }

    /// Rows read before the frames that are ready are handed on.
    private static let pageRows = 500

    init(then: Viewpoint?, now: Viewpoint, cipher: RootCipher, reader: any ServerReader) throws {
        self.then = then
        self.now = now
        self.cipher = cipher
        rulesChanged =
            then.map { $0.governance.policy != now.governance.policy || $0.governance.schema != now.governance.schema } ?? true
        builder = BatchBuilder(schema: now.governance.schema)
        roots = []
        if rulesChanged || then?.access != now.access { tellPlaces() }
        roots = try candidates(reader)
    }

    private var from: Position { then?.position ?? .zero }

    /// Does a piece of the work.
    /// - Returns: false when there is nothing left to do.
    mutating func step(_ reader: any ServerReader) throws -> Bool {
        if let visit {
            try proceed(visit, reader)
            return true
        }
        guard visited < roots.count else { return false }
        let root = roots[visited]
        visited += 1
        try begin(root, reader)
        return true
    }

    mutating func finish() { builder.flush() }
    mutating func takeFrames() -> [PullFrame] { builder.takeFrames() }

    // MARK: Roots

    private func candidates(_ reader: any ServerReader) throws -> [RootNumber] {
        var found: Set<RootNumber> = []
        let scopes = Set(now.access.rolesByScope.keys).union(then?.access.rolesByScope.keys ?? [:].keys)
        for scope in scopes {
            let after = meansTheSame(scope) ? from : .zero
            for root in try reader.roots(in: scope, changedAfter: after) { found.insert(root) }
        }
        return found.sorted()
    }

    /// Whether the user holds in a scope now just what they held then.
    private func meansTheSame(_ scope: Scope) -> Bool {
        guard let then, !rulesChanged else { return false }
        if scope == .global, then.access.anywhere != now.access.anywhere { return false }
        return then.access.rolesByScope[scope] == now.access.rolesByScope[scope]
    }

    private mutating func begin(_ root: RootNumber, _ reader: any ServerReader) throws {
        let all = try memberships(of: root, reader)
        let scopesNow = Set(all.lazy.filter { $0.ended == nil }.map(\.scope))
        let scopesThen = then.map { then in Set(all.lazy.filter { $0.holds(at: then.position) }.map(\.scope)) } ?? []
        let isSame = scopesNow == scopesThen && scopesNow.allSatisfy(meansTheSame)
        let seenNow = root == .global || isHeld(scopesNow, now)
        let seenThen = root == .global ? then != nil : then.map { isHeld(scopesThen, $0) } ?? false
        guard seenNow || seenThen else { return }
        let hasLeft = seenThen && !seenNow
        if hasLeft { builder.add(leftRoot: cipher.encrypt(root)) }
        visit = Visit(root: root, changedAfter: isSame ? from : .zero, hasLeft: hasLeft, page: nil)
    }

    private func isHeld(_ scopes: Set<Scope>, _ view: Viewpoint) -> Bool {
        scopes.contains { view.access.rolesByScope[$0] != nil }
    }

    private mutating func memberships(of root: RootNumber, _ reader: any ServerReader) throws -> [Membership] {
        if let known = memberships[root] { return known }
        if memberships.count >= 50_000 { memberships = [:] }
        let all = try reader.memberships(of: root)
        memberships[root] = all
        return all
    }

    // MARK: Rows

    private mutating func proceed(_ current: Visit, _ reader: any ServerReader) throws {
        let (rows, next) = try reader.rows(
            under: current.root, changedAfter: current.changedAfter, page: current.page, limit: Self.pageRows)
        for row in rows { try tell(row, current, reader) }
        if next == nil {
            visit = nil
        } else {
            visit?.page = next
        }
    }

    private mutating func tell(_ row: StoredRow, _ current: Visit, _ reader: any ServerReader) throws {
        if row.links.count > 1, !told.insert(row.key).inserted { return }
        switch try news(of: row, reader) {
        case .nothing: return
        case .left:
            let isToldByRoot = current.hasLeft && row.links.allSatisfy { $0.root == current.root }
            if !isToldByRoot { builder.add(left: row.key) }
        case .complete(let roles, let roots):
            let fields = now.rights(roles, table: row.key.table).read
            builder.add(row, fields: fields, mask: mask(roles), roots: roots.map { cipher.encrypt($0) }.sorted())
            try tellConflicts(row, fields, reader)
        case .changed(let roles, let fields):
            builder.add(row, fields: fields, mask: mask(roles), roots: nil)
            try tellConflicts(row, fields, reader)
        }
    }

    private mutating func news(of row: StoredRow, _ reader: any ServerReader) throws -> RowNews {
        let table = row.key.table
        let rootsNow = row.currentRoots
        let rolesNow = now.roles(try scopes(rootsNow, at: nil, reader), table: table)
        let isSeenNow = row.state.isAlive && now.rights(rolesNow, table: table).canSee

        var isHeld = false
        var isSame = false
        if let then, table < then.governance.schema.tables.count, row.state.existence.length(at: then.position) % 2 == 1 {
            let rootsThen = Set(row.links.lazy.filter { $0.holds(at: then.position) }.map(\.root)).sorted()
            let rolesThen = then.roles(try scopes(rootsThen, at: then.position, reader), table: table)
            isHeld = then.rights(rolesThen, table: table).canSee
            isSame =
                isHeld && !rulesChanged && rolesThen == rolesNow && rootsThen == rootsNow
                && row.state.existence.length(at: then.position) == row.state.existence.length
            // Which of a row's roots this user sees may have changed though the roles did not.
            if isSame, rootsNow.count > 1 {
                let visibleThen = try visible(rootsThen, then, at: then.position, reader)
                isSame = try visible(rootsNow, now, at: nil, reader) == visibleThen
            }
        }
        guard isSeenNow else { return isHeld ? .left : .nothing }
        guard isSame else {
            return .complete(roles: rolesNow, roots: try visible(rootsNow, now, at: nil, reader))
        }
        var fields = FieldSet()
        for field in now.rights(rolesNow, table: table).read.members where row.state.position(field) > from {
            fields.insert(field)
        }
        return fields.isEmpty ? .nothing : .changed(roles: rolesNow, fields: fields)
    }

    /// The roots through which this user sees a row: no others may be told, not even as numbers.
    private mutating func visible(
        _ roots: [RootNumber], _ view: Viewpoint, at position: Position?, _ reader: any ServerReader
    ) throws -> [RootNumber] {
        var out: [RootNumber] = []
        for root in roots {
            if root == .global {
                out.append(root)
            } else if isHeld(try scopes([root], at: position, reader), view) {
                out.append(root)
            }
        }
        return out
    }

    /// - Parameter position: nil for now.
    private mutating func scopes(_ roots: [RootNumber], at position: Position?, _ reader: any ServerReader) throws -> Set<Scope>
    {
        var scopes: Set<Scope> = []
        for root in roots {
            for membership in try memberships(of: root, reader)
            where position.map({ membership.holds(at: $0) }) ?? (membership.ended == nil) {
                scopes.insert(membership.scope)
            }
        }
        return scopes
    }

    private mutating func tellConflicts(_ row: StoredRow, _ fields: FieldSet, _ reader: any ServerReader) throws {
        for field in fields.members {
            guard let heads = row.state.cells[field]?.heads, heads.count > 1 else { continue }
            var bytes = 0
            let told = heads.enumerated().prefix { place, head in
                bytes += head.value.approximateBytes
                return place == 0 || bytes <= Limits.conflictBytes
            }
            let descriptions = try told.map { _, head in
                ConflictBatch.HeadDescription(
                    value: head.value, user: try author(head.stamp.dot.replica, reader),
                    milliseconds: head.stamp.time.milliseconds)
            }
            builder.add(conflict: descriptions, row: row.key, field: field)
        }
    }

    private mutating func author(_ replica: ReplicaID, _ reader: any ServerReader) throws -> String {
        if let known = authors[replica] { return known }
        let user = try reader.author(replica)
        authors[replica] = user
        return user
    }

    // MARK: Masks

    private mutating func mask(_ roles: RoleSet) -> UInt32 {
        if let known = masks[roles] { return known }
        let number = UInt32(masks.count + 1)
        masks[roles] = number
        let policy = now.governance.policy
        var tables: [MaskDefinition.TableRights] = []
        for (index, table) in now.governance.schema.tables.enumerated() {
            let rights = policy.rights(roles, table: index)
            guard rights != .none else { continue }
            func names(_ set: FieldSet) -> [String] { set.members.map { table.fields[$0].name } }
            tables.append(
                MaskDefinition.TableRights(
                    table: table.name, read: names(rights.read), write: names(rights.write), delete: rights.delete,
                    create: rights.create, settable: names(rights.settableAtCreation(in: table))))
        }
        builder.add(
            .mask(MaskDefinition(number: number, roles: roles.members.map { policy.roles[$0].name }.sorted(), tables: tables)))
        return number
    }

    private mutating func tellPlaces() {
        let access = now.access
        var territories: [Places.Territory] = []
        for (scope, roles) in access.rolesByScope {
            guard case .territory(let id) = scope, let territory = now.governance.organisation.territories[id] else { continue }
            territories.append(Places.Territory(id: id, name: territory.name, mask: mask(roles)))
        }
        let global = mask(access.rolesByScope[.global] ?? RoleSet())
        let anywhere = mask(access.anywhere)
        let own = mask(access.rolesByScope[.user(access.user)] ?? RoleSet())
        builder.add(
            .places(
                Places(
                    user: access.user, global: global, anywhere: anywhere, own: own,
                    territories: territories.sorted { $0.id < $1.id })))
    }
}
