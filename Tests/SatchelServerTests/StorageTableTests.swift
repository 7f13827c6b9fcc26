import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

/// What people and their tools see in the database, and that every question of a sync is answered through an index.
@Suite struct StorageTableTests {
    @Test func viewsShowTheLivingRowsTyped() throws {
        try StorageFixture.withStore { store in
            try StorageFixture.commit(store) { commit, position in
                commit.rows = [
                    try StorageFixture.row(
                        0, "a", position.number, [0: .text("A"), 1: .text("t"), 2: .real(2), 3: .integer(1), 4: .blob([1, 2])]),
                    try StorageFixture.row(0, "dead", position.number, [0: .text("kept")], isAlive: false),
                    try StorageFixture.row(1, "c", position.number, [0: .text("a"), 1: .integer(3)]),
                    try StorageFixture.row(2, "l", position.number, [0: .text("logged")]),
                ]
            }
            try store.pool.read { db in
                let companies = try Row.fetchAll(db, sql: "SELECT *, typeof(score) AS kind FROM company")
                #expect(
                    companies == [
                        [
                            "id": "a", "name": "A", "territory": "t", "score": 2.0, "open": 1, "logo": Data([1, 2]),
                            "kind": "real",
                        ]
                    ])
                // A dead row keeps its values.
                #expect(try String.fetchOne(db, sql: "SELECT name FROM row_company WHERE id = 'dead'") == "kept")
                #expect(
                    try String.fetchOne(
                        db, sql: "SELECT company.name FROM contact JOIN company ON company.id = contact.company")
                        == "A")
                // Tables whose names are taken by the store's own.
                #expect(try String.fetchOne(db, sql: "SELECT \"select\" FROM satchel_log") == "logged")
                #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM satchel_row_company") == 0)
            }
        }
    }

    @Test func everyLookUpHasItsIndex() throws {
        try StorageFixture.withStore { store in
            let table = store.layout.tables[1]
            let questions = [
                (table.selectByID, "USING INDEX sqlite_autoindex_row_contact_1"),
                (table.selectByNumber, "USING INTEGER PRIMARY KEY"),
                (table.selectID, "USING INTEGER PRIMARY KEY"),
                (table.selectAfterID, "USING INDEX sqlite_autoindex_row_contact_1 (id>?)"),
                (table.lastNumber, "SEARCH row_contact"),
                (table.selectReferencing(field: 0) ?? "", "USING INDEX row_contact_by_company"),
                (table.update, "USING INTEGER PRIMARY KEY"),
            ]
            try store.pool.read { (db) throws in
                for (sql, expected) in questions { #expect(try plan(sql, db).contains(expected), "\(sql)") }
            }
            // All that the session itself asks, as it asks it.
            let asked = try statements(of: store)
            #expect(asked.count > 15)
            try store.pool.read { db in
                for sql in asked {
                    let plan = try plan(sql, db)
                    #expect(!plan.contains("SCAN") || plan.contains("SCAN log_head"), "\(sql): \(plan)")
                    #expect(!plan.contains("TEMP B-TREE") || sql.contains("DISTINCT root"), "\(sql): \(plan)")
                }
            }
            #expect(asked.contains { $0.contains("FROM root_row") } && asked.contains { $0.contains("last_change >") })
        }
    }

    private func plan(_ sql: String, _ db: Database) throws -> String {
        let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
        statement.setUncheckedArguments([])
        return try Row.fetchAll(statement)
            .map { $0["detail"] as String }.joined(separator: "; ")
    }

    /// Runs every method of the reader, and most of the writer, and collects the statements.
    private func statements(of store: SQLiteServerStore) throws -> Set<String> {
        guard let id = RowID("a") else { return [] }
        let key = RowKey(table: 1, id: id)
        var seen: Set<String> = []
        try store.pool.writeWithoutTransaction { db in
            db.trace { event in
                if case .statement(let statement) = event { seen.insert(statement.sql) }
            }
            defer { db.trace(nil) }
            let session = SQLiteSession(db, layout: store.layout, rules: RuleCache(), isWriter: false)
            _ = try session.head()
            _ = try session.governance(at: .zero)
            _ = try session.governancePosition()
            _ = try session.applied(ReplicaID(1))
            _ = try session.runningHash(ReplicaID(1), at: 1)
            _ = try session.verdicts(ReplicaID(1), counters: 1...2)
            _ = try session.author(ReplicaID(1))
            _ = try? session.clock(at: Position(1))
            _ = try session.fork(of: Epoch(1))
            _ = try session.row(key)
            _ = try session.referencing(table: 1, field: 0, id: id)
            _ = try session.memberships(of: .global)
            _ = try session.roots(in: .global, changedAfter: .zero)
            _ = try session.rows(under: .global, changedAfter: .zero, page: nil, limit: 5)
            _ = try session.rows(under: .global, changedAfter: .zero, page: .after(key), limit: 5)
            _ = try session.refusal(RefusalID(dot: Dot(replica: ReplicaID(1), counter: 1), number: 1))
            _ = try session.outstandingRefusals(of: "anna")
            _ = try session.entries(after: .zero, limit: 1)
            try session.touch(.global, at: Position(1))
            try session.setHead(session.head())
        }
        // The rules are loaded whole: a scan is what is meant.
        return seen.filter { !$0.contains("governance_") }
    }
}
