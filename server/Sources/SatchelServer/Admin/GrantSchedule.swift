import GRDB
import SatchelPolicy
import SatchelProtocol

/// A grant that is to begin, or to end, at a moment: it becomes a log entry then, so that the state at a position is a
/// function of the log up to it (DESIGN §4).
struct ScheduledGrant: Sendable, Hashable {
    let grant: Organisation.Grant
    let begins: Bool
    /// Milliseconds since 1970.
    let at: UInt64
}

/// The table `scheduled_grant`.
struct GrantSchedule: Sendable {
    private let database: any DatabaseWriter

    init(_ database: any DatabaseWriter) { self.database = database }

    /// Soonest first.
    func all() throws -> [ScheduledGrant] {
        try database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT user, role, scope, at, begins FROM scheduled_grant ORDER BY at, begins, user, role, scope"
            )
            .compactMap { row in
                guard let scope = Scope(row["scope"]) else { return nil }
                let at: Int64 = row["at"]
                return ScheduledGrant(
                    grant: Organisation.Grant(user: row["user"], role: row["role"], scope: scope), begins: row["begins"],
                    at: UInt64(clamping: at))
            }
        }
    }

    /// Puts these in place of whatever is scheduled for one grant.
    func replace(_ grant: Organisation.Grant, with items: [ScheduledGrant]) throws {
        try database.write { db in
            try db.execute(
                sql: "DELETE FROM scheduled_grant WHERE user = ? AND role = ? AND scope = ?",
                arguments: [grant.user, grant.role, grant.scope.description])
            for item in items { try Self.insert(item, db) }
        }
    }

    func add(_ items: [ScheduledGrant]) throws {
        try database.write { db in for item in items { try Self.insert(item, db) } }
    }

    func remove(_ item: ScheduledGrant) throws {
        try database.write { db in
            try db.execute(
                sql: "DELETE FROM scheduled_grant WHERE user = ? AND role = ? AND scope = ? AND at = ? AND begins = ?",
                arguments: [
                    item.grant.user, item.grant.role, item.grant.scope.description, Int64(clamping: item.at), item.begins,
                ])
        }
    }

    private static func insert(_ item: ScheduledGrant, _ db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO scheduled_grant (user, role, scope, at, begins) VALUES (?, ?, ?, ?, ?)",
            arguments: [item.grant.user, item.grant.role, item.grant.scope.description, Int64(clamping: item.at), item.begins])
    }
}
