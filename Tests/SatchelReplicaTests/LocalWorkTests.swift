import Foundation
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica
import Synchronization
import Testing

@Suite struct LocalWorkTests {
    @Test func hiddenIsNotNull() async throws {
        let world = try await World.ready()
        let row = try #require(try await world.replica.row("company", Sample.id(1)))
        #expect(row["credit_limit"] == .hidden)
        #expect(row["notes"] == .value(.null))
        #expect(row["visits"] == .value(.integer(1)))
        #expect(row["nothing"] == nil)
        #expect(row.fields == Sample.schema.tables[0].fields.map(\.name))
        // A row made here has nothing that its maker may not see.
        let made = try await world.replica.new("company", ["name": .text("New"), "territory": .text("dach")])
        #expect(try await world.replica.row("company", made)?["credit_limit"] == .value(.null))
        #expect(try await world.replica.row("company", Sample.id(99)) == nil)
        #expect(await code { _ = try await world.replica.row("nothing", made) } == .unknownTable)
    }

    @Test func rowsAreFilteredAndLimited() async throws {
        let world = try await World.ready()
        #expect(try await world.replica.rows("company").map(\.id) == [1, 2, 3].map(Sample.id))
        #expect(try await world.replica.rows("company", where: "visits > 1", limit: 1).map(\.id) == [Sample.id(2)])
        let named = try await world.replica.rows(
            "company", where: "name = ? OR name = ?", arguments: [.text("Company 1"), .text("'); DROP TABLE company; --")])
        #expect(named.map(\.id) == [Sample.id(1)])
        #expect(try await world.replica.rows("company", where: "name = 'a;b)--'").isEmpty)
        for condition in [
            "1=1; DELETE FROM company", "1=1) UNION SELECT * FROM company WHERE (1=1", "1=1 -- all", "1=1 /* all", "'open",
            "(1=1", "", "  ", "nothing = 1", "1=1) --",
        ] {
            let found = await code { _ = try await world.replica.rows("company", where: condition) }
            #expect(found == .invalidSQL, "\(condition)")
        }
        #expect(try await world.replica.rows("company").count == 3)
    }

    @Test func aWriteIsOneTransaction() async throws {
        let world = try await World.ready()
        let written = try await world.replica.write { database in
            try database.execute(sql: "UPDATE company SET notes = 'both'")
            return database.changesCount
        }
        #expect(written.result == 3)
        #expect(written.transactions == [Dot(replica: ReplicaID(0x1234), counter: 1)])
        #expect(try await world.replica.pending().map(\.transaction.counter) == [1, 1, 1])
        // One that changes no row of the schema is none.
        let own = try await world.replica.write { try $0.execute(sql: "CREATE TABLE mine (a)") }
        #expect(own.transactions.isEmpty)
        #expect(try await world.replica.write { _ in 1 }.transactions.isEmpty)
    }

    /// What another program wrote before keeps its own, earlier transaction.
    @Test func othersWritesAreNotSweptIn() async throws {
        let world = try await World.ready()
        let raw = try DatabaseQueue(path: world.replica.path)
        try await raw.write { try $0.execute(sql: "UPDATE company SET notes = 'theirs' WHERE visits = 1") }
        let written = try await world.replica.write {
            try $0.execute(sql: "UPDATE company SET notes = 'ours' WHERE visits = 2")
        }
        #expect(written.transactions.map(\.counter) == [2])
        #expect(try await world.replica.pending().map(\.id) == [Sample.id(1), Sample.id(2)])
        try raw.close()
    }

    @Test func whatIsNotPermittedIsRefusedAsItIsWritten() async throws {
        let world = try await World.ready()
        let replica = world.replica
        func refused(_ expected: ErrorCode, _ work: () async throws -> Void, at location: SourceLocation = #_sourceLocation)
            async throws
        {
            #expect(await code(work) == expected, sourceLocation: location)
        }
        let id = Sample.id(1)
        try await refused(.fieldNotWritable) { try await replica.set("company", id, ["credit_limit": .text("1.00")]) }
        try await refused(.fieldNotWritable) { try await replica.set("company", id, ["territory": .text("nordics")]) }
        try await refused(.fieldNotWritable) {
            try await replica.write { try $0.execute(sql: "UPDATE company SET notes = 'x', credit_limit = '1.00'") }
        }
        try await refused(.requiredFieldMissing) { try await replica.set("company", id, ["name": .null]) }
        try await refused(.typeMismatch) { try await replica.set("company", id, ["visits": .text("many")]) }
        try await refused(.valueTooLong) {
            try await replica.set("company", id, ["name": .text(String(repeating: "x", count: 41))])
        }
        try await refused(.invalidText) { try await replica.set("company", id, ["notes": .text("a\u{0}b")]) }
        try await refused(.createNotPermitted) {
            _ = try await replica.new("company", ["name": .text("x"), "territory": .text("nordics")])
        }
        try await refused(.noScope) { _ = try await replica.new("company", ["name": .text("x")]) }
        try await refused(.invalidID) {
            _ = try await replica.new("company", ["name": .text("x"), "territory": .text("dach")], id: RowID("mine"))
        }
        try await refused(.alreadyExists) {
            _ = try await replica.new("company", ["name": .text("x"), "territory": .text("dach")], id: id)
        }
        try await refused(.unknownTable) { try await replica.set("cmpny", id, [:]) }
        try await refused(.unknownField) { try await replica.set("company", id, ["nme": .text("x")]) }
        try await refused(.notFound) { try await replica.set("company", Sample.id(9), ["notes": .text("x")]) }
        try await refused(.notFound) { try await replica.delete("company", Sample.id(9)) }
        try await refused(.idImmutable) {
            try await replica.write { try $0.execute(sql: "UPDATE company SET id = id || 'x' WHERE visits = 1") }
        }
        try await refused(.invalidSQL) { try await replica.write { try $0.execute(sql: "UPDATE") } }
        #expect(try await replica.pending().isEmpty)
        #expect(try await replica.row(("company"), id)?["notes"] == .value(.null))
    }

    /// No trigger can check it; this program is told all the same, and another program's is kept aside.
    @Test func brokenTextIsCaughtWhenTheTransactionIsClosed() async throws {
        let world = try await World.ready()
        let broken = "UPDATE company SET notes = CAST(x'C328' AS TEXT) WHERE visits = 1"
        #expect(await code { try await world.replica.write { try $0.execute(sql: broken) } } == .invalidText)
        #expect(try await world.replica.refusals().isEmpty)
        #expect(try await world.replica.pending().isEmpty)

        let raw = try DatabaseQueue(path: world.replica.path)
        try await raw.write { try $0.execute(sql: broken) }
        let refusal = try #require(try await world.replica.refusals().first)
        #expect(refusal.code == .invalidText && refusal.id.dot.counter == 0)
        #expect(refusal.cells.map(\.value) == [.blob([0xC3, 0x28])])
        #expect(try await world.replica.row("company", Sample.id(1))?["notes"] == .value(.null))
        // Its bytes cannot be written once more; giving it up is between this person and this device.
        #expect(await code { try await world.replica.retry(refusal.id) } == .typeMismatch)
        #expect(try await world.replica.refusals().count == 1)
        try await world.replica.discard(refusal.id)
        #expect(try await world.replica.refusals().isEmpty)
        #expect(try await world.replica.pending().isEmpty)
        try raw.close()
    }

    @Test func valuesTakeTheirCanonicalForm() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["tags": .text("[ \"b\", \"a\", \"b\" ]")])
        #expect(try await world.replica.row("company", Sample.id(1))?["tags"] == .value(.text("[\"a\",\"b\"]")))
    }

    @Test func beforeTheFirstCheckpointNothingIsWritten() async throws {
        let world = try await World()
        #expect(await code { _ = try await world.replica.new("company", [:]) } == .bootstrapping)
        #expect(try await world.replica.tables().isEmpty)
        #expect(try await world.replica.status().state == .bootstrapping)
    }

    @Test func rightsAreTold() async throws {
        let world = try await World.ready()
        let table = try #require(try await world.replica.tables().first)
        #expect(table.name == "company" && table.canCreate == .everywhere && table.canDelete == .everywhere)
        func field(_ name: String) throws -> FieldAccess { try #require(table.fields.first { $0.name == name }) }
        #expect(try field("credit_limit").read == .nowhere)
        #expect(try field("territory").write == .nowhere)
        #expect(try field("territory").isSettableAtCreation)
        #expect(try field("notes").read == .everywhere && field("notes").write == .everywhere)
    }

    // MARK: Reading with SQL

    @Test func queriesOnlyRead() async throws {
        let world = try await World.ready()
        let result = try await world.replica.query(
            "SELECT id, name, visits, 1.5 AS r, x'01' AS b, NULL AS n, id FROM company LIMIT 1")
        #expect(result.columns == ["id", "name", "visits", "r", "b", "n", "id:2"])
        #expect(
            result.rows == [
                [
                    .text(Sample.id(1).text), .text("Company 1"), .integer(1), .real(1.5), .blob([1]), .null,
                    .text(Sample.id(1).text),
                ]
            ])
        #expect(
            try await world.replica.query(" /* a */ -- b\n WITH c AS (SELECT 1 AS one) SELECT one FROM c").rows == [
                [.integer(1)]
            ])
        #expect(try await world.replica.query("SELECT count(*) AS n FROM _satchel_transaction").rows == [[.integer(0)]])
        for (statement, expected) in [
            ("DELETE FROM company", ErrorCode.notReadOnly), ("UPDATE company SET name = 'x'", .notReadOnly),
            ("WITH c AS (SELECT 1) DELETE FROM company", .notReadOnly), ("PRAGMA user_version = 9", .notReadOnly),
            ("PRAGMA journal_mode", .notReadOnly), ("ATTACH 'other.sqlite' AS o", .notReadOnly), ("VACUUM", .notReadOnly),
            ("BEGIN", .notReadOnly), ("/**/DROP TABLE company", .notReadOnly), ("SELECT 1; DELETE FROM company", .invalidSQL),
            ("SELECT nothing FROM company", .invalidSQL), ("", .invalidSQL), ("-- nothing", .invalidSQL),
        ] {
            let found = await code { _ = try await world.replica.query(statement) }
            #expect(found == expected, "\(statement)")
        }
        #expect(try await world.replica.rows("company").count == 3)
        #expect(await code { _ = try await world.replica.read { try $0.execute(sql: "DELETE FROM company") } } == .notReadOnly)
    }

    // MARK: Two programs on one file

    @Test func whatOthersWriteIsObserved() async throws {
        let world = try await World.ready()
        let other = try await world.another()
        let seen = Seen()
        let stream = world.replica.observeRows("company", where: "visits = 1")
        let reading = Task { for try await rows in stream { seen.add(rows) } }
        defer { reading.cancel() }
        #expect(await eventually { seen.last?.first?["notes"] == .value(.null) })
        try await world.replica.set("company", Sample.id(1), ["notes": .text("here")])
        #expect(await eventually { seen.last?.first?["notes"] == .value(.text("here")) })
        try await other.set("company", Sample.id(1), ["notes": .text("elsewhere")])
        #expect(await eventually { seen.last?.first?["notes"] == .value(.text("elsewhere")) })
        // By a program that knows nothing of Satchel.
        let raw = try DatabaseQueue(path: world.replica.path)
        try await raw.write { try $0.execute(sql: "UPDATE company SET notes = 'raw' WHERE visits = 1") }
        #expect(await eventually { seen.last?.first?["notes"] == .value(.text("raw")) })
        try raw.close()
        // And by a sync.
        world.organisation.state.withLock { state in
            state.position = 2
            state.differences[1] = [
                .mask(Sample.mask), .places(Sample.places), .left(RowsLeft(table: "company", ids: [Sample.id(1)])),
            ]
        }
        #expect(try await other.sync().left == 1)
        #expect(await eventually { seen.last?.isEmpty == true })
    }

    @Test func twoObjectsShareOneQueue() async throws {
        let world = try await World.ready()
        let other = try await world.another()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                let replica = number.isMultiple(of: 2) ? world.replica : other
                group.addTask { try await replica.set("company", Sample.id(1), ["notes": .text("\(number)")]) }
            }
            try await group.waitForAll()
        }
        #expect(try await world.replica.pending().map(\.transaction.counter) == Array(1...20))
        #expect(try await other.sync().pushed == 20)
        #expect(try await world.replica.status().pending == 0)
    }

    /// Reading waits for nobody.
    @Test func aLongWriteElsewhereHoldsUpNoReader() async throws {
        let world = try await World.ready()
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        let raw = try DatabaseQueue(path: world.replica.path, configuration: configuration)
        try await raw.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let began = ContinuousClock.now
        let other = try await world.another()
        #expect(try await other.rows("company").count == 3)
        #expect(try await other.status().state == .ready)
        #expect(ContinuousClock.now - began < .seconds(4))
        try await raw.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try raw.close()
    }

    @Test func aFileThatIsNoneIsLeftAlone() async throws {
        let folder = try TestFolder()
        let file = URL(filePath: folder.file("letter.sqlite"))
        let letter = Data(String(repeating: "Dear Anna, this is no database. ", count: 50).utf8)
        try letter.write(to: file)
        #expect(await code { _ = try await Replica.open(path: file.path) } == .notASatchel)
        #expect(try Data(contentsOf: file) == letter)
        #expect(await code { _ = try await Replica.open(path: folder.file("none/a.sqlite")) } == .notFound)
    }

    private final class Seen: Sendable {
        private let rows = Mutex<[ReplicaRow]?>(nil)
        func add(_ seen: [ReplicaRow]) { rows.withLock { $0 = seen } }
        var last: [ReplicaRow]? { rows.withLock { $0 } }
    }
}
