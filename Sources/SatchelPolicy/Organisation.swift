import SatchelCore

/// Who there is, the territory tree, and who holds which role where, at one moment.
public struct Organisation: Sendable, Hashable {
    public struct Territory: Sendable, Hashable {
        public let id: String
        public var name: String
        /// Nil for the tree's one root.
        public var parent: String?

        public init(id: String, name: String, parent: String?) {
            self.id = id
            self.name = name
            self.parent = parent
        }
    }

    public struct User: Sendable, Hashable {
        public let id: String
        public var name: String
        public var isDisabled: Bool

        public init(id: String, name: String, isDisabled: Bool = false) {
            self.id = id
            self.name = name
            self.isDisabled = isDisabled
        }
    }

    /// A role at a scope. At a territory it covers the whole subtree.
    public struct Grant: Sendable, Hashable {
        public let user: String
        public let role: String
        public let scope: Scope

        public init(user: String, role: String, scope: Scope) {
            self.user = user
            self.role = role
            self.scope = scope
        }
    }

    public var territories: [String: Territory]
    public var users: [String: User]
    /// In force at this moment; what begins later or has ended is not here.
    public var grants: Set<Grant>

    public init(territories: [String: Territory] = [:], users: [String: User] = [:], grants: Set<Grant> = []) {
        self.territories = territories
        self.users = users
        self.grants = grants
    }
}
