import SatchelCore
import SatchelEngine
import SatchelPolicy

/// One table `note` in two territories, and a role `rep` that may do everything with it.
enum TestRules {
    static let north = "north"
    static let south = "south"

    static func governance(users: [String] = ["anna", "ben"]) -> Governance {
        let note = Table(
            name: "note", partition: [.territory(field: 0)],
            fields: [Field(name: "territory", type: .territory), Field(name: "body", type: .text)])
        let everything = Rights(read: note.all, write: note.all, create: true, delete: true)
        return Governance(
            schema: Schema(name: "test", version: 1, tables: [note]),
            policy: Policy(name: "test", version: 1, roles: [Policy.Role(name: "rep", rights: [0: everything])]),
            organisation: Organisation(
                territories: [
                    "all": .init(id: "all", name: "All", parent: nil),
                    north: .init(id: north, name: "North", parent: "all"),
                    south: .init(id: south, name: "South", parent: "all"),
                ],
                users: Dictionary(uniqueKeysWithValues: users.map { ($0, .init(id: $0, name: $0)) }),
                grants: Set(
                    users.map { .init(user: $0, role: "rep", scope: .territory($0 == "ben" ? south : north)) })))
    }
}
