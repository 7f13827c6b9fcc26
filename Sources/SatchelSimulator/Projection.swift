import SatchelCore
import SatchelEngine
import SatchelPolicy

/// What a user may see, worked out the slow and plain way, straight from every row of the server: it follows references
/// row by row and asks each grant, and shares nothing with the pull, with roots or with memberships.
struct Projection {
    /// By table and id: the readable fields and their values.
    private(set) var rows: [RowKey: [Int: Value]] = [:]

    init(of user: String, governance: Governance, rows all: [RowKey: StoredRow]) {
        for (key, row) in all where row.state.isAlive {
            let rights = Self.rights(of: user, key, governance, all)
            guard !rights.isEmpty else { continue }
            var values: [Int: Value] = [:]
            for field in rights { values[field] = row.state.value(field) }
            rows[key] = values
        }
    }

    private static func rights(
        of user: String, _ key: RowKey, _ governance: Governance, _ all: [RowKey: StoredRow]
    ) -> Set<Int> {
        let table = governance.schema.tables[key.table]
        var roles: Set<String> = []
        let places = places(of: key, governance, all)
        if places.isGlobal { roles.insert("everyone") }
        if places.owners.contains(user) { roles.insert("owner") }
        if table.partition == [.global] { roles.formUnion(["everyone", "owner"]) }
        for grant in governance.organisation.grants where grant.user == user {
            switch grant.scope {
            case .territory(let granted):
                if table.partition == [.global] || places.territories.contains(where: { covers(granted, $0, governance) }) {
                    roles.insert(grant.role)
                }
            case .global: if places.isGlobal { roles.insert(grant.role) }
            case .user(let owner): if places.owners.contains(owner) { roles.insert(grant.role) }
            }
        }
        if governance.organisation.users[user]?.isDisabled != false { roles = [] }
        var fields: Set<Int> = []
        for role in governance.policy.roles where roles.contains(role.name) {
            for field in 0..<table.fields.count where role.rights[key.table]?.read.contains(field) == true {
                fields.insert(field)
            }
        }
        return fields
    }

    private struct Places {
        var isGlobal = false
        var owners: Set<String> = []
        var territories: Set<String> = []
    }

    private static func places(of key: RowKey, _ governance: Governance, _ all: [RowKey: StoredRow]) -> Places {
        var places = Places()
        var visited: Set<RowKey> = []
        func visit(_ key: RowKey) {
            guard visited.insert(key).inserted, let row = all[key] else { return }
            for rule in governance.schema.tables[key.table].partition {
                switch rule {
                case .global: places.isGlobal = true
                case .territory(let field): if case .text(let id) = row.state.value(field) { places.territories.insert(id) }
                case .owner(let field): if case .text(let id) = row.state.value(field) { places.owners.insert(id) }
                case .through(let field):
                    guard case .text(let text) = row.state.value(field), let id = RowID(text),
                        case .reference(let name) = governance.schema.tables[key.table].fields[field].type,
                        let table = governance.schema.tables.firstIndex(where: { $0.name == name })
                    else { continue }
                    visit(RowKey(table: table, id: id))
                }
            }
        }
        visit(key)
        return places
    }

    private static func covers(_ granted: String, _ territory: String, _ governance: Governance) -> Bool {
        var at: String? = territory
        while let here = at {
            if here == granted { return true }
            at = governance.organisation.territories[here]?.parent
        }
        return false
    }
}
