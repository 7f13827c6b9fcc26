import SatchelCore

/// What one user holds at one moment: the roles in each scope, subtrees spelled out. Equal values mean equal rights under
/// the same policy.
public struct Access: Sendable, Hashable {
    public let user: String
    public let rolesByScope: [Scope: RoleSet]
    /// Every role held in any scope: what counts in tables that are only global.
    public let anywhere: RoleSet

    public init(user: String, rolesByScope: [Scope: RoleSet]) {
        self.user = user
        self.rolesByScope = rolesByScope
        anywhere = rolesByScope.values.reduce(into: RoleSet()) { $0.formUnion($1) }
    }

    /// Nobody: no roles at all, as for a disabled or unknown user.
    public static func none(user: String) -> Access { Access(user: user, rolesByScope: [:]) }

    /// The roles that count for a row of a table in these scopes (DESIGN §7: a grant counts through the scopes that the
    /// row itself is in).
    public func roles(in scopes: some Sequence<Scope>, table: Table) -> RoleSet {
        if table.isOnlyGlobal { return anywhere }
        return scopes.reduce(into: RoleSet()) { roles, scope in
            if let held = rolesByScope[scope] { roles.formUnion(held) }
        }
    }
}

extension Organisation {
    /// What a user holds now: grants spread over subtrees, and the implicit `everyone` and `owner`.
    ///
    /// Cost: the size of the tree once, for a user with territory grants.
    public func access(of user: String, policy: Policy) -> Access {
        guard let known = users[user], !known.isDisabled else { return .none(user: user) }
        var roles: [Scope: RoleSet] = [:]
        func add(_ role: String, _ scope: Scope) {
            if let index = policy.roleIndex(role) { roles[scope, default: RoleSet()].insert(index) }
        }
        add(Policy.everyone, .global)
        add(Policy.owner, .user(user))
        var byTerritory: [String: RoleSet] = [:]
        for grant in grants where grant.user == user {
            if case .territory(let id) = grant.scope {
                if let index = policy.roleIndex(grant.role) { byTerritory[id, default: RoleSet()].insert(index) }
            } else {
                add(grant.role, grant.scope)
            }
        }
        if !byTerritory.isEmpty {
            for (id, held) in inherited(byTerritory) where !held.isEmpty { roles[.territory(id)] = held }
        }
        return Access(user: user, rolesByScope: roles)
    }

    /// For each territory the union of what is held there and at its ancestors.
    private func inherited(_ held: [String: RoleSet]) -> [String: RoleSet] {
        var out: [String: RoleSet] = [:]
        out.reserveCapacity(territories.count)
        for id in territories.keys {
            var path: [String] = []
            var at: String? = id
            // Climb until an answer is known; the path's length is bounded by the tree's depth, and a cycle (which the
            // loader refuses) ends it too.
            while let here = at, out[here] == nil, path.count <= territories.count {
                path.append(here)
                at = territories[here]?.parent
            }
            var roles = at.flatMap { out[$0] } ?? RoleSet()
            for here in path.reversed() {
                if let own = held[here] { roles.formUnion(own) }
                out[here] = roles
            }
        }
        return out
    }
}
