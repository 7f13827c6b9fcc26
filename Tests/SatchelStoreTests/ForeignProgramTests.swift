import GRDB
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import Testing

/// What the `sqlite3` program does to the file, with the habits that programs have.
@Suite struct ForeignProgramTests {
    private let one = StoreWorld.uuid(1)
    private let company = StoreWorld.company
    private let product = StoreWorld.product

    @Test func anUpdateOfEveryColumnLogsOnlyWhatChanged() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let result = try world.sqlite3(
            """
            UPDATE company SET tax_number = 'DE1', name = 'New', industry = 'retail', credit_limit = '5000.00', territory = 'dach',
                owner = 'ben', visits = 3, tags = '["a"]', secret = NULL WHERE id = '\(one)'
            """)
        #expect(result.errors == "")
        let change = OpenChange(
            key: StoreWorld.key(company, 1), operation: .update, cells: [cell(1, .text("Company 1"), .text("New"))])
        #expect(try world.open() == [change])
        #expect(try world.open().isEmpty)
    }

    @Test func replaceIsAnUpdateThatKeepsWhatIsHidden() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let result = try world.sqlite3(
            """
            INSERT OR REPLACE INTO company (id, tax_number, name, industry, credit_limit, territory, owner, tags)
            VALUES ('\(one)', 'DE1', 'Company 1', 'services', '5000.00', 'dach', 'ben', '["a"]')
            """)
        #expect(result.errors == "")
        let change = OpenChange(
            key: StoreWorld.key(company, 1), operation: .update,
            cells: [cell(2, .text("retail"), .text("services")), cell(6, .integer(3), .null)])
        #expect(try world.open() == [change])
        #expect(try world.row(company, 1)?[2] == .text("services"))
        #expect(try world.database.read { try $0.readable(StoreWorld.key(company, 1))?.contains(8) } == false)
    }

    @Test func replaceIsJudgedAsTheUpdateItIs() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let before = try world.row(company, 1)
        // Leaving out the credit limit would set it to NULL, which the role may not.
        let result = try world.sqlite3(
            "INSERT OR REPLACE INTO company (id, tax_number, name, territory, owner) VALUES ('\(one)', 'DE1', 'Company 1', 'dach', 'ben')"
        )
        #expect(result.errors.contains("satchel:field-not-writable:company.credit_limit:"))
        #expect(try world.row(company, 1) == before)
        #expect(try world.open().isEmpty)
        #expect(try world.sqlite3("SELECT applying FROM _satchel_control").output == "0\n")
    }

    @Test func upsertsAndIgnoredInsertsAreWhatTheyDo() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let insert = "INTO company (id, name, territory) VALUES ('\(one)', 'Other', 'dach')"
        #expect(try world.sqlite3("INSERT OR IGNORE \(insert)").errors == "")
        #expect(try world.sqlite3("INSERT \(insert) ON CONFLICT DO NOTHING").errors == "")
        #expect(try world.open().isEmpty)
        #expect(
            try world.sqlite3("INSERT \(insert) ON CONFLICT (id) DO UPDATE SET name = excluded.name, visits = visits + 1")
                .errors == "")
        let change = OpenChange(
            key: StoreWorld.key(company, 1), operation: .update,
            cells: [cell(1, .text("Company 1"), .text("Other")), cell(6, .integer(3), .integer(4))])
        #expect(try world.open() == [change])
    }

    @Test func aCaptureLeftBehindDoesNotTurnALaterInsertIntoAnUpdate() throws {
        let world = try StoreWorld()
        let fresh = StoreWorld.uuid(0x500)
        try world.sqlite3(
            """
            INSERT INTO sample (id, owner, a_text) VALUES ('\(fresh)', 'anna', 'x');
            INSERT OR IGNORE INTO sample (id, owner, a_text) VALUES ('\(fresh)', 'anna', 'y');
            DELETE FROM sample;
            INSERT INTO sample (id, owner, an_integer) VALUES ('\(fresh)', 'anna', 1);
            """)
        let change = OpenChange(
            key: StoreWorld.key(StoreWorld.sample, 0x500), operation: .insert,
            cells: [cell(0, .null, .text("anna")), cell(2, .null, .integer(1))])
        #expect(try world.open() == [change])
    }

    @Test func manyRowsInOneReplace() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...3)
        let values = (1...4).map {
            "('\(StoreWorld.uuid($0))', 'DE\($0)', 'N\($0)', 'retail', \($0 == 4 ? "NULL" : "'5000.00'"), 'dach', 'ben', 3, '[\"a\"]')"
        }
        let result = try world.sqlite3(
            "INSERT OR REPLACE INTO company (id, tax_number, name, industry, credit_limit, territory, owner, visits, tags) VALUES "
                + values.joined(separator: ", "))
        #expect(result.errors == "")
        let changes = try world.open()
        #expect(changes.map(\.operation) == [.update, .update, .update, .insert])
        #expect(changes.prefix(3).allSatisfy { $0.cells.map(\.field) == [1] })
    }

    @Test func withRecursiveTriggersReplaceNeedsTheRightToDelete() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let result = try world.sqlite3(
            "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO company (id, name, territory) VALUES ('\(one)', 'x', 'dach')"
        )
        #expect(result.errors.contains("satchel:delete-not-permitted:company"))
        let fresh = StoreWorld.uuid(0x500)
        try world.database.write {
            try $0.execute(sql: "INSERT INTO sample (id, owner, a_text) VALUES ('\(fresh)', 'anna', 'x')")
        }
        #expect(try world.open().count == 1)
        let second = try world.sqlite3(
            "PRAGMA recursive_triggers = ON; INSERT OR REPLACE INTO sample (id, owner, a_text) VALUES ('\(fresh)', 'anna', 'y')"
        )
        #expect(second.errors == "")
        let change = OpenChange(
            key: StoreWorld.key(StoreWorld.sample, 0x500), operation: .update, cells: [cell(1, .text("x"), .text("y"))])
        #expect(try world.open() == [change])
    }

    @Test func hiddenIsToldFromNull() throws {
        let world = try StoreWorld()
        try world.receiveProduct(1)
        #expect(try world.sqlite3("SELECT field FROM _satchel_hidden_product WHERE id = '\(one)'").output == "purchase_price\n")
        #expect(try world.sqlite3("SELECT purchase_price IS NULL FROM product").output == "1\n")
        #expect(try world.database.read { try $0.readable(StoreWorld.key(product, 1))?.members } == [0, 1])
        #expect(
            try world.sqlite3("UPDATE product SET purchase_price = '1'").errors.contains(
                "satchel:field-not-writable:product.purchase_price"))
    }

    @Test func aRowThatVanishesIsNotADelete() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...3)
        try world.sqlite3("CREATE UNIQUE INDEX theirs ON company (tax_number)")
        // The app's own index makes REPLACE remove company 2 without any trigger.
        let fresh = StoreWorld.uuid(0x500)
        #expect(
            try world.sqlite3(
                "INSERT OR REPLACE INTO company (id, tax_number, name, territory) VALUES ('\(fresh)', 'DE2', 'x', 'dach')"
            ).errors == "")
        #expect(try world.row(company, 2) == nil)
        #expect(try world.open().map(\.operation) == [.insert])
        let placed = try world.database.withStore { try $0.placedRows(table: StoreWorld.company) }
        #expect(placed == (1...3).map(StoreWorld.id))
    }

    @Test func writersInTwoProcessesWaitForEachOther() async throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5 {
                        let errors = try world.sqlite3("UPDATE company SET visits = visits + 1").errors
                        #expect(errors == "")
                    }
                }
            }
            group.addTask {
                for _ in 0..<20 { try world.database.write { try $0.execute(sql: "UPDATE company SET visits = visits + 1") } }
            }
            try await group.waitForAll()
        }
        #expect(try world.row(company, 1)?[6] == .integer(43))
        let change = OpenChange(
            key: StoreWorld.key(company, 1), operation: .update, cells: [cell(6, .integer(3), .integer(43))])
        #expect(try world.open() == [change])
    }
}
