import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The rules as they were: intervals of positions in typed tables, from which any moment is rebuilt.
extension SQLiteSession {
    func governancePosition() throws -> Position { try governancePosition(upTo: head().position) }

    func governance(at position: Position) throws -> Governance {
        guard position <= (try head().position) else { throw SatchelError.beyondTheLog(position) }
        let began = try governancePosition(upTo: position)
        // What this transaction has written may yet be undone: it is neither looked for in the cache nor put there.
        if written > 0 { return try load(at: began) }
        if let cached = rules.latest(through: began) {
            if cached.began == began { return cached.governance }
            if let followed = try follow(cached, to: began) { return rules.keep(followed, from: began) }
        }
        return rules.keep(try load(at: began), from: began)
    }

    private func governancePosition(upTo position: Position) throws -> Position {
        var query = try statement("SELECT max(position) FROM governance_change WHERE position <= ?")
        try query.bind(position)
        return try query.step() ? query.optionalPosition(0) ?? .zero : .zero
    }

    /// From an earlier moment by the changes since; nil when they are so many that to load afresh is cheaper.
    private func follow(_ cached: RuleCache.Kept, to began: Position) throws -> Governance? {
        var query = try statement(
            """
            SELECT payload FROM governance_change JOIN log USING (position) \
            WHERE position > ? AND position <= ? ORDER BY position LIMIT 65
            """)
        try query.bind(cached.began)
        try query.bind(began)
        var governance = cached.governance
        var steps = 0
        while try query.step() {
            steps += 1
            if steps > 64 { return nil }
            for change in try RuleCoding.decodeChanges(query.bytes(0)) { governance.apply(change) }
        }
        return governance
    }

    private func load(at position: Position) throws -> Governance {
        let schema = try RuleCoding.decodeSchema(newest("schema", from: "governance_schema", at: position))
        let policy = try RuleCoding.decodePolicy(newest("policy", from: "governance_policy", at: position))
        var organisation = Organisation()
        var territories = try inForce("id, name, parent", of: "governance_territory", at: position)
        while try territories.step() {
            let id = try territories.text(0)
            organisation.territories[id] = Organisation.Territory(
                id: id, name: try territories.text(1), parent: try territories.optionalText(2))
        }
        var users = try inForce("id, name, disabled", of: "governance_user", at: position)
        while try users.step() {
            let id = try users.text(0)
            organisation.users[id] = Organisation.User(id: id, name: try users.text(1), isDisabled: users.integer(2) != 0)
        }
        var grants = try inForce("user, role, scope", of: "governance_grant", at: position)
        while try grants.step() {
            guard let scope = Scope(try grants.text(2)) else { throw SatchelError.damaged("a grant in a scope of no kind") }
            organisation.grants.insert(
                Organisation.Grant(user: try grants.text(0), role: try grants.text(1), scope: scope))
        }
        return Governance(schema: schema, policy: policy, organisation: organisation)
    }

    private func newest(_ column: String, from table: String, at position: Position) throws -> [UInt8] {
        var query = try statement("SELECT \(column) FROM \(table) WHERE began <= ? ORDER BY began DESC LIMIT 1")
        try query.bind(position)
        guard try query.step() else { throw SatchelError.damaged("no \(column)") }
        return query.bytes(0)
    }

    private func inForce(_ columns: String, of table: String, at position: Position) throws -> BoundStatement {
        var query = try statement(
            "SELECT \(columns) FROM \(table) WHERE began <= ?1 AND (ended IS NULL OR ended > ?1) ORDER BY began")
        try query.bind(position)
        return query
    }

    // MARK: Writing

    func recordChange(at position: Position) throws {
        var query = try statement("INSERT INTO governance_change (position) VALUES (?)")
        try query.bind(position)
        try query.run()
    }

    /// Ends what a change replaces and begins what it brings. What it replaces is looked up in the rules themselves, so that the
    /// tables hold for the same what `Governance.apply` holds for the same.
    func apply(_ change: GovernanceChange, to governance: inout Governance, at position: Position) throws {
        let before = governance.organisation
        switch change {
        case .territory(let territory):
            if let old = before.territories[territory.id] { try end("governance_territory", [("id", old.id)], at: position) }
            try begin(territory, at: position)
        case .user(let user):
            if let old = before.users[user.id] { try end("governance_user", [("id", old.id)], at: position) }
            try begin(user, at: position)
        case .grant(let grant):
            if !before.grants.contains(grant) { try begin(grant, at: position) }
        case .revoke(let grant):
            if let place = before.grants.firstIndex(of: grant) {
                let old = before.grants[place]
                let key = [("user", old.user), ("role", old.role), ("scope", old.scope.description)]
                try end("governance_grant", key, at: position)
            }
        }
        governance.apply(change)
    }

    func begin(_ territory: Organisation.Territory, at position: Position) throws {
        var query = try statement("INSERT INTO governance_territory (id, name, parent, began) VALUES (?, ?, ?, ?)")
        try query.bind(territory.id)
        try query.bind(territory.name)
        try query.bind(territory.parent)
        try query.bind(position)
        try query.run()
    }

    func begin(_ user: Organisation.User, at position: Position) throws {
        var query = try statement("INSERT INTO governance_user (id, name, disabled, began) VALUES (?, ?, ?, ?)")
        try query.bind(user.id)
        try query.bind(user.name)
        try query.bind(user.isDisabled)
        try query.bind(position)
        try query.run()
    }

    func begin(_ grant: Organisation.Grant, at position: Position) throws {
        var query = try statement("INSERT INTO governance_grant (user, role, scope, began) VALUES (?, ?, ?, ?)")
        try query.bind(grant.user)
        try query.bind(grant.role)
        try query.bind(grant.scope.description)
        try query.bind(position)
        try query.run()
    }

    /// What began at this very position never held.
    private func end(_ table: String, _ key: [(column: String, value: String)], at position: Position) throws {
        let condition = "ended IS NULL AND " + key.map { "\($0.column) = ?" }.joined(separator: " AND ")
        var forget = try statement("DELETE FROM \(table) WHERE began = ? AND \(condition)")
        try forget.bind(position)
        for part in key { try forget.bind(part.value) }
        try forget.run()
        var end = try statement("UPDATE \(table) SET ended = ? WHERE \(condition)")
        try end.bind(position)
        for part in key { try end.bind(part.value) }
        try end.run()
    }
}
