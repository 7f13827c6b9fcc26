import SatchelCore

/// The roles of an organisation and what each may do, `include` already resolved. The roles `everyone` (held by all at
/// `global`) and `owner` (held by each user in their own private scope) always exist.
public struct Policy: Sendable, Hashable {
    public static let everyone = "everyone"
    public static let owner = "owner"

    public let name: String
    public let version: Int
    public let graceDays: Int
    /// For fields that merge by role: the higher role first.
    public let precedence: [String]
    /// At most 256; a role keeps its index within one version of the policy.
    public let roles: [Role]
    private let indexes: [String: Int]

    public struct Role: Sendable, Hashable {
        public let name: String
        /// By table index in the schema. A table that is absent grants nothing.
        public let rights: [Int: Rights]

        public init(name: String, rights: [Int: Rights]) {
            self.name = name
            self.rights = rights
        }
    }

    /// - Parameter roles: `everyone` and `owner` are added, empty, when they are not among them.
    public init(name: String, version: Int, graceDays: Int = 30, precedence: [String] = [], roles: [Role]) {
        self.name = name
        self.version = version
        self.graceDays = graceDays
        self.precedence = precedence
        var roles = roles
        for implicit in [Self.everyone, Self.owner] where !roles.contains(where: { $0.name == implicit }) {
            roles.append(Role(name: implicit, rights: [:]))
        }
        self.roles = roles
        indexes = Dictionary(roles.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public func roleIndex(_ name: String) -> Int? { indexes[name] }

    /// The union of what some roles may do with one table.
    public func rights(_ roles: RoleSet, table: Int) -> Rights {
        var rights = Rights.none
        for role in roles.members where role < self.roles.count {
            if let more = self.roles[role].rights[table] { rights.formUnion(more) }
        }
        return rights
    }
}
