import Foundation
import SatchelCore
import SatchelProtocol
import SatchelReplica
import Synchronization
import Testing

/// Another program rebuilds a table, or drops the triggers: what it writes then nobody judges or logs. It is found, told,
/// and never pushed; the server's rows come back.
@Suite struct UnloggedTests {
    /// In the way of SQLite's own manual (“Making Other Kinds Of Table Schema Changes”).
    private static let rebuild = """
        PRAGMA legacy_alter_table = ON;
        BEGIN;
        CREATE TABLE company_new (id TEXT PRIMARY KEY NOT NULL, name TEXT, notes TEXT, visits INTEGER, credit_limit TEXT,
            tags TEXT, active INTEGER, territory TEXT, photo BLOB, own TEXT);
        INSERT INTO company_new SELECT *, 'x' FROM company;
        DROP TABLE company;
        ALTER TABLE company_new RENAME TO company;
        COMMIT;
        """
    private static let drop = """
        DROP TRIGGER "_satchel_insert.company"; DROP TRIGGER "_satchel_update.company"; DROP TRIGGER "_satchel_check.1.company";
        """

    private func sqlite3(_ world: World, _ sql: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", "-bail", "-cmd", ".timeout 5000", world.replica.path, sql]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(sql)")
    }

    private func notes(_ world: World, _ number: Int) async throws -> Cell? {
        try await world.replica.row("company", Sample.id(number))?["notes"]
    }

    private func changes(_ world: World) -> [Change] {
        world.organisation.state.withLock { $0.transactions.flatMap(\.changes) }
    }

    @Test func whatWasWrittenInARebuiltTableIsRefusedHere() async throws {
        let world = try await World.ready()
        let replica = world.replica
        try sqlite3(world, Self.rebuild + "UPDATE company SET notes = 'past the log' WHERE id = '\(Sample.id(1))'")
        let report = try await replica.sync()
        #expect(report.refused == 1 && report.pushed == 0)
        let refusal = try #require(try await replica.refusals().first)
        #expect(refusal.code == .unloggedWrite && refusal.field == "notes" && refusal.row == Sample.id(1))
        #expect(refusal.cells.map(\.value) == [.text("past the log")] && refusal.operation == .update)
        #expect(try await notes(world, 1) == .value(.null))

        // The triggers judge and log again.
        let forbidden = await code {
            try await replica.write { try $0.execute(sql: "UPDATE company SET territory = 'nordics'") }
        }
        #expect(forbidden == .fieldNotWritable)
        try sqlite3(world, "UPDATE company SET notes = 'logged' WHERE id = '\(Sample.id(2))'")
        #expect(try await replica.sync().pushed == 1)
        #expect(try await replica.refusals().count == 1)

        // Written once more it is a change like any other.
        try await replica.retry(refusal.id)
        #expect(try await replica.refusals().isEmpty)
        #expect(try await replica.sync().pushed == 1)
        #expect(changes(world).map(\.operation) == [.update, .update])
        #expect(changes(world).last?.cells.map(\.value) == [.text("past the log")])
    }

    /// A file that is opened after it was tampered with; and nothing written meanwhile is nothing to tell.
    @Test func openingPutsTheTriggersBack() async throws {
        let world = try await World.ready()
        try sqlite3(world, Self.drop)
        let other = try await world.another()
        try sqlite3(world, "UPDATE company SET notes = 'logged' WHERE id = '\(Sample.id(1))'")
        #expect(try await other.pending().map(\.fields) == [["notes"]])
        let report = try await other.sync()
        #expect(report.refused == 0 && report.pushed == 1)
    }

    @Test func aWriteOverAPendingEditIsToldApart() async throws {
        let world = try await World.ready()
        let replica = world.replica
        try await replica.set("company", Sample.id(1), ["notes": .text("mine"), "visits": .integer(7)])
        try sqlite3(world, Self.drop + "UPDATE company SET notes = 'over it' WHERE id = '\(Sample.id(1))'")
        let found = try await replica.verify()
        #expect(found.isOK)
        let refusals = try await replica.refusals()
        #expect(refusals.map(\.code) == [.unloggedWrite] && refusals.map(\.cells).first?.map(\.value) == [.text("over it")])
        #expect(try await notes(world, 1) == .value(.text("mine")))
        #expect(try await replica.sync().pushed == 1)
        #expect(changes(world).flatMap(\.cells).map(\.value) == [.text("mine"), .integer(7)])
    }

    @Test func aDroppedTableComesBack() async throws {
        let world = try await World.ready()
        let replica = world.replica
        try await replica.set("company", Sample.id(1), ["notes": .text("mine")])
        try sqlite3(world, "DROP TABLE company")
        #expect(try await replica.sync().position == Position(2))
        #expect(changes(world).map(\.operation) == [.update])
        #expect(try await replica.refusals().isEmpty)
        let count = try await replica.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM company") }
        #expect(count == 3)
        try await replica.set("company", Sample.id(2), ["notes": .text("again")])
        #expect(try await replica.sync().pushed == 1)
        #expect(changes(world).map(\.operation) == [.update, .update])
    }

    /// What is pending stays on top of the rows that come back.
    @Test func aDroppedTableComesBackUnderItsPendingEdits() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("mine")])
        try sqlite3(world, "DROP TABLE company")
        _ = try await world.replica.verify()
        #expect(try await notes(world, 1) == .value(.text("mine")))
        #expect(try await world.replica.row("company", Sample.id(1))?["name"] == .value(.text("Company 1")))
    }

    /// A table that a program made by CREATE TABLE AS has no primary key, and here not even all columns.
    @Test func aCopyOfATableIsCompleted() async throws {
        let world = try await World.ready()
        try sqlite3(
            world,
            "CREATE TABLE copy AS SELECT id, name, visits FROM company; DROP TABLE company;"
                + "PRAGMA legacy_alter_table = ON; ALTER TABLE copy RENAME TO company")
        _ = try await world.replica.sync()
        #expect(try await world.replica.row("company", Sample.id(2))?["territory"] == .value(.text("dach")))
        #expect(try await world.replica.verify().isOK)
    }

    /// A difference is never applied over what the log does not know of.
    @Test func someoneElsesWriteDoesNotHideIt() async throws {
        let world = try await World.ready()
        try sqlite3(world, Self.drop + "UPDATE company SET notes = 'past the log' WHERE id = '\(Sample.id(1))'")
        world.organisation.state.withLock { state in
            state.position = 2
            state.rows = [Sample.rows(1...3, name: { "Renamed \($0)" })]
            state.differences[1] = [.mask(Sample.mask), .places(Sample.places), .rows(state.rows[0])]
        }
        _ = try await world.replica.sync()
        #expect(try await world.replica.row("company", Sample.id(1))?["name"] == .value(.text("Renamed 1")))
        let refused = try await world.replica.refusals().filter { $0.field == "notes" }
        #expect(refused.map(\.cells).map { $0.map(\.value) } == [[.text("past the log")]])
    }

    // MARK: Rows that nothing placed

    @Test func aRowInsertedPastTheLogIsFoundByVerify() async throws {
        let world = try await World.ready()
        let replica = world.replica
        let pending = try await replica.new("company", ["name": .text("Pending"), "territory": .text("dach")])
        let stray = Sample.id(0x77)
        try sqlite3(world, Self.drop + "INSERT INTO company (id, name, territory) VALUES ('\(stray)', 'Stray', 'dach')")
        let found = try await replica.verify()
        #expect(found.differences == [Difference(table: "company", id: stray, field: nil)])
        #expect(try await replica.row("company", stray) == nil)
        #expect(try await replica.row("company", pending) != nil)
        let refusal = try #require(try await replica.refusals().first)
        #expect(refusal.code == .unloggedWrite && refusal.operation == .insert && refusal.field == nil)
        #expect(refusal.cells.map(\.field) == ["name", "territory"])
        #expect(try await replica.verify().isOK)

        try await replica.retry(refusal.id)
        #expect(try await replica.row("company", stray)?["name"] == .value(.text("Stray")))
        #expect(try await replica.pending().map(\.operation) == [.insert, .insert])
    }
}
