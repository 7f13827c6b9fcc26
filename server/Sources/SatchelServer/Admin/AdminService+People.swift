import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Users, their devices and their grants.
extension AdminService {
    func users() throws -> [UserReply] {
        let organisation = try governance().organisation
        let scheduled = Dictionary(grouping: try grants.scheduled()) { $0.grant.user }
        let held = Dictionary(grouping: organisation.grants) { $0.user }
        return organisation.users.values.sorted { $0.id < $1.id }.map { user in
            UserReply(
                id: user.id, name: user.name, isDisabled: user.isDisabled,
                grants: (held[user.id] ?? []).sorted { ($0.role, $0.scope) < ($1.role, $1.scope) }.map {
                    GrantReply(role: $0.role, territory: $0.scope.territory)
                },
                scheduled: (scheduled[user.id] ?? []).map {
                    ScheduledGrantReply(
                        role: $0.grant.role, territory: $0.grant.scope.territory, begins: $0.begins, at: moment($0.at))
                })
        }
    }

    func addUser(_ id: String, _ name: String) async throws {
        try NameCheck.id(id, "user")
        try NameCheck.name(name)
        guard id != ImportLander.user else {
            throw SatchelError(
                .alreadyExists, "The user id \(id) is the server's own, for what imports write.", remedy: "Choose another id.")
        }
        if try governance().organisation.users[id] != nil {
            throw SatchelError(
                .alreadyExists, "There is a user \(id) already.", remedy: "See satcheld user list, or choose another id.")
        }
        try await host.govern([.user(Organisation.User(id: id, name: name))])
    }

    /// Repeating it changes nothing.
    func disableUser(_ id: String) async throws {
        var user = try known(user: id)
        guard !user.isDisabled else { return }
        user.isDisabled = true
        try await host.govern([.user(user)])
    }

    func enrolmentCode(for user: String) throws -> EnrolmentCodeReply {
        let code = try host.identities.issueCode(for: user)
        return EnrolmentCodeReply(code: code.code, user: code.user, expires: moment(code.expiresMilliseconds))
    }

    /// Those of devices: the server's own writer is none that an admin has to do with.
    func replicas() throws -> [ReplicaReply] {
        try host.identities.replicas().filter { $0.user != ImportLander.user }.map { replica in
            ReplicaReply(
                id: replica.replica.description, user: replica.user, device: replica.device,
                enrolled: moment(replica.enrolledMilliseconds), isRevoked: replica.revokedMilliseconds != nil)
        }
    }

    func revokeReplica(_ id: String) async throws {
        guard let replica = ReplicaID(id), try replicas().contains(where: { $0.id == replica.description }) else {
            throw SatchelError(.notFound, "There is no replica \(quoted(id)).", remedy: "See satcheld replica list.")
        }
        try await host.revoke(replica)
    }

    /// - Parameter begins: false to revoke.
    func order(_ order: GrantOrder, begins: Bool) async throws {
        let rules = try governance()
        _ = try known(user: order.user)
        guard rules.policy.roleIndex(order.role) != nil else {
            throw SatchelError(
                .roleUnknown, "The policy has no role \(quoted(order.role)).",
                remedy: "Its roles are \(rules.policy.roles.map(\.name).joined(separator: ", ")).")
        }
        if let territory = order.territory { _ = try known(territory: territory) }
        let grant = Organisation.Grant(
            user: order.user, role: order.role, scope: order.territory.map { .territory($0) } ?? .global)
        if !begins, !rules.organisation.grants.contains(grant), try !grants.scheduled().contains(where: { $0.grant == grant }) {
            throw SatchelError(
                .notFound, "\(order.user) does not hold \(order.role) at \(grant.scope).", remedy: "See satcheld user list.")
        }
        try await grants.order(grant, begins: begins, from: order.from, until: order.until, now: milliseconds())
        scheduleChanged()
    }

    func known(user id: String) throws -> Organisation.User {
        if let user = try governance().organisation.users[id] { return user }
        throw SatchelError(
            .userUnknown, "There is no user \(quoted(id)).", remedy: "See satcheld user list, or add the user first.")
    }
}

extension Scope {
    /// Nil for `global` (and a user's private scope, which nobody is granted).
    fileprivate var territory: String? {
        if case .territory(let id) = self { return id }
        return nil
    }
}

/// What may be the id or the name of a territory or user: the same as in `organisation.yaml`.
enum NameCheck {
    static func id(_ id: String, _ what: String) throws {
        let isPlain = id.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard !id.isEmpty, id.utf8.count <= Limits.scopeNameBytes, isPlain, id.first != " ", id.last != " " else {
            throw SatchelError(
                .invalidID, "\(quoted(id)) cannot be the id of a \(what).",
                remedy: "Use 1 to \(Limits.scopeNameBytes) bytes without control characters or spaces at the ends.")
        }
    }

    static func name(_ name: String) throws {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain, name.utf8.count <= AdminLimits.displayNameBytes else {
            throw SatchelError(
                .invalidText, "\(quoted(name)) cannot be a name.",
                remedy: "Use at most \(AdminLimits.displayNameBytes) bytes without control characters.")
        }
    }
}
