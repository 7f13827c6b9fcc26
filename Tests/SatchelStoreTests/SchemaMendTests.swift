import SatchelEngine
import SatchelStore
import Synchronization
import Testing

/// Another program takes away what the file's writes are judged and logged by.
@Suite struct SchemaMendTests {
    private final class Notices: Sendable {
        private let list = Mutex<[String]>([])
        func add(_ text: String) { list.withLock { $0.append(text) } }
        var all: [String] { list.withLock { $0 } }
    }

    private func open(_ world: StoreWorld, _ notices: Notices) throws -> ReplicaDatabase {
        try ReplicaDatabase.open(path: world.path, notice: { notices.add($0) })
    }

    private func mayHoldUnlogged(_ database: ReplicaDatabase) throws -> Bool {
        try database.withStore { try $0.mayHoldUnlogged() }
    }

    @Test func whatSatchelAndOthersMayChangeIsNoFault() throws {
        let world = try StoreWorld()
        let notices = Notices()
        let database = try open(world, notices)
        defer { try? database.close() }
        try world.sqlite3(
            "CREATE TABLE mine (a); CREATE INDEX by_name ON company (name); ALTER TABLE company ADD COLUMN colour; VACUUM")
        #expect(try mayHoldUnlogged(database) == false)
        #expect(notices.all.isEmpty)
    }

    @Test(arguments: [
        #"DROP TRIGGER "_satchel_delete.contact""#, #"DROP VIEW "_satchel_hidden_company""#,
        #"DROP TRIGGER "_satchel_delete.contact"; CREATE TRIGGER "_satchel_delete.contact" AFTER DELETE ON contact BEGIN SELECT 1; END"#,
        "DROP TABLE contact", "ALTER TABLE contact RENAME COLUMN mobile TO phone",
    ])
    func aChangeIsNoticedPutRightAndToldOnce(sql: String) throws {
        let world = try StoreWorld()
        let notices = Notices()
        let database = try open(world, notices)
        defer { try? database.close() }
        let before = try world.sqlite3("SELECT sql FROM sqlite_master WHERE name GLOB '_satchel*' ORDER BY sql").output
        #expect(try world.sqlite3(sql).errors == "")
        #expect(try mayHoldUnlogged(database))
        #expect(try mayHoldUnlogged(database))
        #expect(notices.all.count == 1)
        #expect(try world.sqlite3("SELECT sql FROM sqlite_master WHERE name GLOB '_satchel*' ORDER BY sql").output == before)
        #expect(try world.sqlite3("SELECT mobile FROM contact").errors == "")
        try database.withStore { try $0.forgetUnlogged() }
        #expect(try mayHoldUnlogged(database) == false)
    }

    /// What a transaction put right it takes back with the rest when it fails; the next one does it again.
    @Test func aFailedTransactionLeavesTheMarkToTheNext() throws {
        struct Stop: Error {}
        let world = try StoreWorld()
        let notices = Notices()
        let database = try open(world, notices)
        defer { try? database.close() }
        try world.sqlite3(#"DROP TRIGGER "_satchel_insert.company""#)
        #expect(throws: Stop.self) { try database.withStore { _ in throw Stop() } }
        #expect(notices.all.isEmpty)
        #expect(try mayHoldUnlogged(database))
        #expect(notices.all.count == 1)
    }
}
