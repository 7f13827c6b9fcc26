import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Memberships of roots in scopes, by root and by last change; and refusals.
extension SQLiteSession {
    func memberships(of root: RootNumber) throws -> [Membership] {
        var query = try statement(
            """
            SELECT scope.name, membership.began, membership.ended FROM membership \
            JOIN scope ON scope.number = membership.scope WHERE membership.root = ?
            """)
        try query.bind(root)
        var found: [Membership] = []
        while try query.step() {
            guard let scope = Scope(try query.text(0)) else { throw SatchelError.damaged("a scope of no kind") }
            found.append(Membership(root: root, scope: scope, began: query.position(1), ended: query.optionalPosition(2)))
        }
        return found.sorted { ($0.began, $0.scope) < ($1.began, $1.scope) }
    }

    func roots(in scope: Scope, changedAfter position: Position) throws -> [RootNumber] {
        guard let number = try number(of: scope) else { return [] }
        var query = try statement("SELECT DISTINCT root FROM membership WHERE scope = ? AND last_change > ?")
        try query.bind(number)
        try query.bind(position)
        var found: [RootNumber] = []
        while try query.step() { found.append(query.root(0)) }
        return found.sorted()
    }

    private func number(of scope: Scope) throws -> Int64? {
        var query = try statement("SELECT number FROM scope WHERE name = ?")
        try query.bind(scope.description)
        return try query.step() ? query.integer(0) : nil
    }

    private func add(_ scope: Scope) throws -> Int64 {
        var query = try statement("INSERT INTO scope (name) VALUES (?)")
        try query.bind(scope.description)
        try query.run()
        return db.lastInsertedRowID
    }

    func store(_ memberships: [Membership]) throws {
        var numbers: [Scope: Int64] = [:]
        for membership in memberships {
            let scope: Int64
            if let known = numbers[membership.scope] {
                scope = known
            } else {
                scope = try number(of: membership.scope) ?? add(membership.scope)
                numbers[membership.scope] = scope
            }
            var query = try statement(
                """
                INSERT INTO membership (root, scope, began, ended, last_change) VALUES (?, ?, ?, ?, ?) \
                ON CONFLICT (root, scope, began) DO UPDATE \
                SET ended = excluded.ended, last_change = max(last_change, excluded.last_change)
                """)
            try query.bind(membership.root)
            try query.bind(scope)
            try query.bind(membership.began)
            try query.bind(membership.ended)
            try query.bind(membership.ended ?? membership.began)
            try query.run()
        }
    }

    /// What changed of a root is news to the scopes that it is in, and to those that it leaves with this change.
    func touch(_ root: RootNumber, at position: Position) throws {
        var query = try statement(
            """
            UPDATE membership SET last_change = ?1 WHERE root = ?2 AND (ended IS NULL OR ended = ?1) AND last_change < ?1
            """)
        try query.bind(position)
        try query.bind(root)
        try query.run()
    }

    // MARK: Refusals

    private static let refusalColumns = """
        replica, counter, number, position, user, time, time_logical, "table", row, operation, seen, cells, field, code, reason, \
        state
        """

    func refusal(_ id: RefusalID) throws -> RefusalRecord? {
        var query = try statement(
            "SELECT \(Self.refusalColumns) FROM refusal WHERE replica = ? AND counter = ? AND number = ?")
        try query.bind(id.dot.replica)
        try query.bind(counter: id.dot.counter)
        try query.bind(id.number)
        return try query.step() ? try decode(query) : nil
    }

    func outstandingRefusals(of user: String) throws -> [RefusalRecord] {
        var query = try statement(
            """
            SELECT \(Self.refusalColumns) FROM refusal WHERE user = ? AND state = 1 \
            ORDER BY position, replica, counter, number
            """)
        try query.bind(user)
        var found: [RefusalRecord] = []
        while try query.step() { found.append(try decode(query)) }
        return found
    }

    private func decode(_ query: borrowing BoundStatement) throws -> RefusalRecord {
        let dot = Dot(replica: query.replica(0), counter: query.counter(1))
        guard let row = RowID(try query.text(8)), let operation = Operation(rawValue: Int(query.integer(9))),
            let state = RefusalRecord.State(rawValue: Int(query.integer(15)))
        else { throw SatchelError.damaged("a refusal that cannot be read") }
        return RefusalRecord(
            id: RefusalID(dot: dot, number: Int(query.integer(2))), position: query.position(3), user: try query.text(4),
            time: query.time(5), table: try query.text(7), row: row, operation: operation, seen: query.position(10),
            cells: try RecordCoding.decodeCells(query.bytes(11)), field: try query.optionalText(12),
            code: ErrorCode(rawValue: try query.text(13)), reason: try query.text(14), state: state)
    }

    func store(_ refusal: RefusalRecord) throws {
        var query = try statement(
            "INSERT OR REPLACE INTO refusal (\(Self.refusalColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try query.bind(refusal.id.dot.replica)
        try query.bind(counter: refusal.id.dot.counter)
        try query.bind(refusal.id.number)
        try query.bind(refusal.position)
        try query.bind(refusal.user)
        try query.bind(refusal.time)
        try query.bind(refusal.table)
        try query.bind(refusal.row.text)
        try query.bind(refusal.operation.rawValue)
        try query.bind(refusal.seen)
        try query.bind(RecordCoding.encode(refusal.cells))
        try query.bind(refusal.field)
        try query.bind(refusal.code.rawValue)
        try query.bind(refusal.reason)
        try query.bind(refusal.state.rawValue)
        try query.run()
    }
}
