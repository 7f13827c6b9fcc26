import GRDB
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import Testing

/// What `takeOpenChanges` makes of the log.
@Suite struct ClosingTests {
    private let company = StoreWorld.company
    private let sample = StoreWorld.sample
    private let one = StoreWorld.uuid(1)

    @Test func severalUpdatesAreOneWithTheFirstBefore() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        try world.database.write { database in
            try database.execute(
                sql: "UPDATE company SET name = 'a', visits = 4; UPDATE company SET name = 'b'; UPDATE company SET visits = 3")
        }
        let change = OpenChange(
            key: StoreWorld.key(company, 1), operation: .update,
            cells: [cell(1, .text("Company 1"), .text("b")), cell(6, .integer(3), .integer(3))])
        #expect(try world.open() == [change])
    }

    @Test func deletesAndInsertsOfOneRow() throws {
        let world = try StoreWorld()
        let id = StoreWorld.uuid(5)
        func write(_ sql: String) throws { try world.database.write { try $0.execute(sql: sql) } }
        try write("INSERT INTO sample (id, owner, a_text) VALUES ('\(id)', 'anna', 'x')")
        #expect(try world.open().map(\.operation) == [.insert])

        try write("UPDATE sample SET a_text = 'y'; DELETE FROM sample")
        let deletion = try #require(try world.open().first)
        #expect(deletion.operation == .delete)
        #expect(deletion.cells.filter { !$0.before.isNull } == [cell(0, .text("anna"), .null), cell(1, .text("x"), .null)])

        try write("INSERT INTO sample (id, owner, a_text) VALUES ('\(id)', 'anna', 'x')")
        _ = try world.open()
        try write(
            "UPDATE sample SET a_text = 'y'; DELETE FROM sample; INSERT INTO sample (id, owner, an_integer) VALUES ('\(id)', 'anna', 2)"
        )
        let renewal = OpenChange(
            key: StoreWorld.key(sample, 5), operation: .update,
            cells: [cell(1, .text("x"), .null), cell(2, .null, .integer(2))])
        #expect(try world.open() == [renewal])

        try write("DELETE FROM sample; INSERT INTO sample (id, owner, an_integer) VALUES ('\(id)', 'anna', 2)")
        #expect(try world.open().isEmpty)
        try write("DELETE FROM sample; INSERT INTO sample (id, owner) VALUES ('\(id)', 'anna'); DELETE FROM sample")
        #expect(try world.open().map(\.operation) == [.delete])
    }

    /// Random operations on a few rows, against what comparing the table before and after says.
    @Test(arguments: 0..<30) func netsAgreeWithBeforeAndAfter(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let world = try StoreWorld()
        func rows() throws -> [RowID: [Value]] {
            var out: [RowID: [Value]] = [:]
            for number in 1...4 { out[StoreWorld.id(number)] = try world.row(sample, number) }
            return out
        }
        for _ in 0..<4 {
            let before = try rows()
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let id = StoreWorld.uuid(Int.random(in: 1...4, using: &random))
                let value = Int.random(in: 0...2, using: &random)
                let sql =
                    [
                        "INSERT OR IGNORE INTO sample (id, owner, an_integer) VALUES ('\(id)', 'anna', \(value))",
                        "INSERT OR REPLACE INTO sample (id, owner, a_boolean) VALUES ('\(id)', 'anna', \(value % 2))",
                        "INSERT INTO sample (id, owner, a_text) VALUES ('\(id)', 'anna', \(value)) ON CONFLICT DO UPDATE SET a_text = excluded.a_text",
                        "UPDATE sample SET an_integer = \(value), a_text = 'c' WHERE id = '\(id)'",
                        "DELETE FROM sample WHERE id = '\(id)'",
                        "UPDATE sample SET a_boolean = NULL",
                    ].randomElement(using: &random) ?? ""
                try world.database.write { try $0.execute(sql: sql) }
            }
            let after = try rows()
            let limit = Int.random(in: 1...5, using: &random)
            var changes: [OpenChange] = []
            while true {
                let some = try world.open(limit: limit)
                #expect(some.count <= limit)
                if some.isEmpty { break }
                changes += some
            }
            #expect(Set(changes.map(\.key.id)).count == changes.count)
            var replayed = before
            for change in changes {
                let was = before[change.key.id]
                #expect((was == nil) == (change.operation == .insert))
                for cell in change.cells { #expect(cell.before == was?[cell.field] ?? .null) }
                if change.operation == .delete {
                    replayed[change.key.id] = nil
                } else {
                    var row = replayed[change.key.id] ?? [Value](repeating: .null, count: 11)
                    for cell in change.cells { row[cell.field] = cell.after }
                    replayed[change.key.id] = row
                }
            }
            #expect(replayed == after)
        }
    }

    @Test func aCutKeepsEveryRowWholeAndParentsFirst() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        try world.database.write { database in
            for number in 10..<20 {
                try database.execute(
                    sql: "INSERT INTO company (id, name, territory) VALUES ('\(StoreWorld.uuid(number))', 'x', 'dach')")
                try database.execute(
                    sql:
                        "INSERT INTO contact (id, company, name) VALUES ('\(StoreWorld.uuid(100 + number))', '\(StoreWorld.uuid(number))', 'y')"
                )
            }
            try database.execute(sql: "UPDATE company SET name = 'z'")
        }
        var seen: [OpenChange] = []
        while true {
            let some = try world.open(limit: 3)
            if some.isEmpty { break }
            #expect(some.count <= 3)
            seen += some
        }
        #expect(seen.count == 21)
        #expect(Set(seen.map(\.key)).count == 21)
        #expect(seen.prefix(11).allSatisfy { $0.key.table == company && $0.cells.contains { $0.after == .text("z") } })
    }

    @Test func whatSQLCouldNotCheckIsPutBackAndKept() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        // Bytes that are no UTF-8, by way of CAST, beside a good change of the same row.
        #expect(try world.sqlite3("UPDATE company SET name = CAST(x'ff41' AS TEXT), visits = 9").errors == "")
        let change = OpenChange(key: StoreWorld.key(company, 1), operation: .update, cells: [cell(6, .integer(3), .integer(9))])
        #expect(try world.open() == [change])
        #expect(try world.row(company, 1)?[1] == .text("Company 1"))
        let refusal = try #require(try world.database.read { try $0.refusals() }.first)
        #expect(refusal.code == .invalidText)
        #expect(refusal.field == "name")
        #expect(refusal.cells == [CellWrite(field: "name", value: .blob([0xFF, 0x41]))])
        #expect(refusal.id == RefusalID(dot: Dot(replica: ReplicaID(7), counter: 0), number: 1))
        #expect(refusal.writtenMilliseconds == 1_700_000_000_000)
        #expect(try world.database.read { try $0.refusal(refusal.id) } == refusal)
        try world.database.withStore { try $0.removeRefusal(refusal.id) }

        // A number is never given twice, even after the refusal is gone.
        #expect(try world.sqlite3("UPDATE company SET name = CAST(x'fe' AS TEXT)").errors == "")
        #expect(try world.open().isEmpty)
        #expect(try world.database.read { try $0.refusals() }.map(\.id.number) == [2])
    }

    @Test func aNewRowThatCannotStandIsTakenBackWhole() throws {
        let world = try StoreWorld()
        let id = StoreWorld.uuid(9)
        #expect(
            try world.sqlite3(
                "INSERT INTO company (id, name, territory, visits) VALUES ('\(id)', CAST(x'c0' AS TEXT), 'dach', 1)"
            ).errors == "")
        #expect(
            try world.sqlite3(
                "INSERT INTO sample (id, owner, a_decimal, a_text) VALUES ('\(id)', 'anna', '\(String(repeating: "9", count: 40))', 'kept')"
            ).errors == "")
        let changes = try world.open()
        #expect(changes.map(\.key.table) == [sample])
        #expect(changes.first?.cells.map(\.field) == [0, 1])
        #expect(try world.row(company, 9) == nil)
        let refusals = try world.database.read { try $0.refusals() }
        #expect(refusals.map(\.code) == [.invalidText, .typeMismatch])
        #expect(refusals.map(\.field) == [nil, "a_decimal"])
        #expect(refusals.first?.cells.map(\.field) == ["name", "territory", "visits"])
        #expect(try world.open().isEmpty)
    }
}

/// SplitMix64, so that a failing seed fails again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
