import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One run over everything that changed for one user between two positions, in pieces. Every piece must be asked of the
/// same reader.
///
/// It walks the scopes that the user holds now or held then, in each the roots that changed, and under each root the rows:
/// all of them when what the root means to this user changed, else those that changed since (DESIGN §6).
///
/// What it tells, and in which order, is a function of what the user may read at the two positions: roots come by the numbers
/// that the user knows, rows by their keys.
struct PullPass {
    private let then: Viewpoint?
    private let now: Viewpoint

    private var standings: RootStandings
    private var roots: [RootNumber]
    private var visited = 0
    private var visit: Visit?
    private var masks: [RoleSet: UInt32] = [:]
    private var authors: [ReplicaID: String] = [:]
    private(set) var builder: BatchBuilder

    private struct Visit {
        let root: RootNumber
        let standing: RootStanding
        /// Told that the root has left: rows under it alone need no word.
        var hasToldLeaving = false
        var page: RowPage?
    }

    /// Rows read before the frames that are ready are handed on.
    private static let pageRows = 500

    init(then: Viewpoint?, now: Viewpoint, cipher: RootCipher, reader: any ServerReader) throws {
        self.then = then
        self.now = now
        standings = RootStandings(then: then, now: now, cipher: cipher)
        builder = BatchBuilder(schema: now.governance.schema)
        roots = []
        if standings.rulesChanged || then?.access != now.access { tellPlaces() }
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
            let after = standings.meansTheSame(scope) ? from : .zero
            for root in try reader.roots(in: scope, changedAfter: after) { found.insert(root) }
        }
        return standings.inOrder(found)
    }

    private mutating func begin(_ root: RootNumber, _ reader: any ServerReader) throws {
        let standing = try standings.standing(of: root, reader)
        if standing.now != nil || standing.then != nil { visit = Visit(root: root, standing: standing) }
    }

    // MARK: Rows

    private mutating func proceed(_ current: Visit, _ reader: any ServerReader) throws {
        let (rows, next) = try reader.rows(
            under: current.root, changedAfter: current.standing.hasChanged ? .zero : from, page: current.page,
            limit: Self.pageRows)
        for row in rows { try tell(row, under: current, reader) }
        if next == nil {
            visit = nil
        } else {
            visit?.page = next
        }
    }

    private mutating func tell(_ row: StoredRow, under current: Visit, _ reader: any ServerReader) throws {
        guard let news = try standings.news(of: row, reader), news.place == current.root else { return }
        switch news.content {
        case .left(let roots):
            if roots == [current.root], current.standing.now == nil {
                tellLeaving(current.standing)
            } else {
                builder.add(left: row.key)
            }
        case .complete(let sighting):
            let fields = now.rights(sighting.roles, table: row.key.table).read
            let roots = try sighting.roots.map { try standings.standing(of: $0, reader).number }
            builder.add(row, fields: fields, mask: mask(sighting.roles), roots: roots.sorted())
            try tellConflicts(row, fields, reader)
        case .changed(let roles, let fields):
            builder.add(row, fields: fields, mask: mask(roles), roots: nil)
            try tellConflicts(row, fields, reader)
        }
    }

    /// Not before there is a row of it that the reader holds: of a root whose rows it may not read it never heard.
    private mutating func tellLeaving(_ standing: RootStanding) {
        guard visit?.hasToldLeaving == false else { return }
        visit?.hasToldLeaving = true
        builder.add(leftRoot: standing.number)
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
        // In a fixed order, since masks are numbered as they are met.
        for (scope, roles) in access.rolesByScope.sorted(by: { $0.key < $1.key }) {
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
