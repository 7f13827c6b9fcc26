import SatchelCore
import SatchelEngine
import SatchelPolicy

/// The rules of the seeded world: accounts placed by territory and owner, visits through accounts, lines through visits
/// (two levels), products for all; five users whose rights differ by row and by field.
enum SmallOrganisation {
    enum Tables {
        static let account = 0
        static let visit = 1
        static let line = 2
        static let product = 3
    }

    static let territories = ["west", "west-coast", "east"]
    static let users = ["anna", "ben", "mia", "clara", "sam"]

    static let schema = Schema(
        name: "world", version: 1,
        tables: [
            Table(
                name: "account", partition: [.territory(field: 0), .owner(field: 1)],
                fields: [
                    Field(name: "territory", type: .territory), Field(name: "owner", type: .user),
                    Field(name: "name", type: .text, isRequired: true), Field(name: "rating", type: .integer),
                    Field(name: "secret", type: .text),
                ]),
            Table(
                name: "visit", partition: [.through(field: 0)],
                fields: [
                    Field(name: "account", type: .reference("account")), Field(name: "topic", type: .text),
                    Field(name: "cost", type: .text),
                ]),
            Table(
                name: "line", partition: [.through(field: 0)],
                fields: [
                    Field(name: "visit", type: .reference("visit")), Field(name: "text", type: .text),
                    Field(name: "product", type: .reference("product")),
                ]),
            Table(
                name: "product", partition: [.global],
                fields: [Field(name: "name", type: .text), Field(name: "purchase", type: .text)]),
        ])

    static let policy = Policy(
        name: "world", version: 1, precedence: ["manager", "rep"],
        roles: [
            Policy.Role(name: "everyone", rights: [3: Rights(read: [0])]),
            Policy.Role(
                name: "rep",
                rights: [
                    0: Rights(read: [0, 1, 2, 3], write: [2, 3], create: true),
                    1: Rights(read: [0, 1], write: [0, 1], create: true, delete: true),
                    2: Rights(read: [0, 1, 2], write: [0, 1, 2], create: true, delete: true),
                ]),
            Policy.Role(name: "peer", rights: [0: Rights(read: [2])]),
            Policy.Role(
                name: "manager",
                rights: [
                    0: Rights(read: [0, 1, 2, 3, 4], write: [0, 1, 2, 3, 4], create: true, delete: true),
                    1: Rights(read: [0, 1, 2], write: [0, 1, 2], create: true, delete: true),
                    2: Rights(read: [0, 1, 2], write: [0, 1, 2], create: true, delete: true),
                    3: Rights(read: [0, 1], write: [0, 1], create: true, delete: true),
                ]),
            Policy.Role(name: "owner", rights: [0: Rights(read: [0, 1, 2], write: [3])]),
        ])

    static let organisation = Organisation(
        territories: [
            "world": Organisation.Territory(id: "world", name: "World", parent: nil),
            "west": Organisation.Territory(id: "west", name: "West", parent: "world"),
            "west-coast": Organisation.Territory(id: "west-coast", name: "Coast", parent: "west"),
            "east": Organisation.Territory(id: "east", name: "East", parent: "world"),
        ],
        users: Dictionary(uniqueKeysWithValues: users.map { ($0, Organisation.User(id: $0, name: $0)) }),
        grants: [
            Organisation.Grant(user: "anna", role: "rep", scope: .territory("west")),
            Organisation.Grant(user: "ben", role: "rep", scope: .territory("east")),
            Organisation.Grant(user: "mia", role: "manager", scope: .territory("world")),
            Organisation.Grant(user: "clara", role: "rep", scope: .territory("west-coast")),
            Organisation.Grant(user: "clara", role: "peer", scope: .territory("world")),
        ])

    static let governance = Governance(schema: schema, policy: policy, organisation: organisation)
}

extension FieldSet: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) { self.init(elements) }
}
