import SatchelCore
import SatchelPolicy

/// Every replica and user in memory, so that each request is judged by what holds at that moment without a query. The
/// database has the same; the one process that holds the data folder changes both together.
///
/// Some 200 bytes a replica.
struct ReplicaDirectory: Sendable {
    struct Entry: Sendable {
        let user: String
        let publicKey: [UInt8]
        var isRevoked: Bool
    }

    private(set) var replicas: [ReplicaID: Entry]
    /// False for one who is disabled.
    private(set) var users: [String: Bool]

    init(replicas: [ReplicaID: Entry] = [:], users: [Organisation.User] = []) {
        self.replicas = replicas
        self.users = Dictionary(users.map { ($0.id, !$0.isDisabled) }) { $1 }
    }

    func isActive(user: String) -> Bool { users[user] == true }

    /// Nil for a replica that is unknown; else whether it may do anything at all now.
    func isActive(_ replica: ReplicaID) -> Bool? {
        guard let entry = replicas[replica] else { return nil }
        return !entry.isRevoked && isActive(user: entry.user)
    }

    mutating func add(_ replica: ReplicaID, _ entry: Entry) { replicas[replica] = entry }

    mutating func revoke(_ replica: ReplicaID) { replicas[replica]?.isRevoked = true }

    mutating func set(_ user: Organisation.User) { users[user.id] = !user.isDisabled }
}
