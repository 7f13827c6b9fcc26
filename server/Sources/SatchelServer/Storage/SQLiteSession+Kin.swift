import SatchelCore
import SatchelEngine

/// Identities of one file (`Succession`): where their chains begin, and how far they are the same.
extension SQLiteSession {
    func kin(of replica: ReplicaID) throws -> [ReplicaID: UInt64] {
        var query = try statement("SELECT other, through FROM kin WHERE replica = ?")
        try query.bind(replica)
        var found: [ReplicaID: UInt64] = [:]
        while try query.step() { found[query.replica(0)] = query.counter(1) }
        return found
    }

    func family(of replica: ReplicaID) throws -> [ReplicaID] {
        var query = try statement(
            """
            SELECT other FROM kin WHERE replica = ?1 UNION SELECT replica FROM kin WHERE other = ?1 \
            UNION SELECT sibling.replica FROM kin AS own JOIN kin AS sibling ON sibling.other = own.other WHERE own.replica = ?1
            """)
        try query.bind(replica)
        var found: Set<ReplicaID> = []
        while try query.step() { found.insert(query.replica(0)) }
        found.remove(replica)
        return found.sorted()
    }

    func begin(_ replica: ReplicaID, _ beginning: Succession.Beginning) throws {
        try setApplied(replica, beginning.mark)
        var query = try statement("INSERT INTO chain_beginning (replica, counter, running_hash) VALUES (?, ?, ?)")
        try query.bind(replica)
        try query.bind(counter: beginning.mark.counter)
        try query.bind(beginning.mark.runningHash)
        try query.run()
        try setKin(of: replica, beginning.kin)
    }

    func setKin(of replica: ReplicaID, _ others: [ReplicaID: UInt64]) throws {
        for (other, through) in others.sorted(by: { $0.key < $1.key }) {
            var query = try statement(
                """
                INSERT INTO kin (replica, other, through) VALUES (?, ?, ?) \
                ON CONFLICT (replica, other) DO UPDATE SET through = max(through, excluded.through)
                """)
            try query.bind(replica)
            try query.bind(other)
            try query.bind(counter: through)
            try query.run()
        }
    }
}
