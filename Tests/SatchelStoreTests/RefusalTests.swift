import GRDB
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import Testing

/// Every code that the triggers give, as the write is made; and the writes beside them that they must let through.
@Suite struct RefusalTests {
    private let one = StoreWorld.uuid(1)
    private func fresh(_ number: Int) -> String { StoreWorld.uuid(0x1000 + number) }

    @Test func fields() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET credit_limit = '1'")
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET name = 'x', credit_limit = NULL")
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET secret = 'x'")
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET tax_number = 'x'")
        world.expectRefusal(.idImmutable, "UPDATE company SET id = '\(fresh(1))'")
        world.expectRefusal(.requiredFieldMissing, "UPDATE company SET name = NULL")
        #expect(try world.open().isEmpty)
        #expect(try world.row(StoreWorld.company, 1)?[1] == .text("Company 1"))
    }

    @Test func rows() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        world.expectRefusal(.deleteNotPermitted, "DELETE FROM company")
        world.expectRefusal(.deleteNotPermitted, "DELETE FROM company WHERE id = '\(one)'")
        world.expectRefusal(.noScope, "INSERT INTO company (id, name) VALUES ('\(fresh(1))', 'x')")
        world.expectRefusal(
            .createNotPermitted, "INSERT INTO company (id, name, territory) VALUES ('\(fresh(1))', 'x', 'nordics')")
        world.expectRefusal(
            .createNotPermitted, "INSERT INTO company (id, name, territory) VALUES ('\(fresh(1))', 'x', 'mars')")
        world.expectRefusal(.createNotPermitted, "INSERT INTO company (id, name, owner) VALUES ('\(fresh(1))', 'x', 'ben')")
        world.expectRefusal(.createNotPermitted, "INSERT INTO product (id, name) VALUES ('\(fresh(1))', 'x')")
        world.expectRefusal(
            .fieldNotSettable,
            "INSERT INTO company (id, name, territory, credit_limit) VALUES ('\(fresh(1))', 'x', 'dach', '1')")
        world.expectRefusal(.requiredFieldMissing, "INSERT INTO company (id, territory) VALUES ('\(fresh(1))', 'dach')")
        world.expectRefusal(.alreadyExists, "INSERT INTO company (id, name, territory) VALUES ('\(one)', 'x', 'dach')")
        for id in [
            "'x'", "NULL", "''", "x'00'", "'\(fresh(1).uppercased())A'", "'01900000-0000-4000-8000-000000000000'",
            "'\(fresh(1))' || char(0)",
        ] {
            world.expectRefusal(.invalidID, "INSERT INTO company (id, name, territory) VALUES (\(id), 'x', 'dach')")
        }
        #expect(try world.open().isEmpty)
        #expect(try world.row(StoreWorld.company, 1) != nil)
        try world.database.write {
            try $0.execute(
                sql:
                    "INSERT INTO company (id, name, territory, tax_number, owner) VALUES ('\(fresh(1))', 'x', 'dach', 'T', 'ben')"
            )
        }
        #expect(try world.open().map(\.operation) == [.insert])
    }

    @Test func moves() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        world.expectRefusal(.moveNotPermitted, "UPDATE company SET territory = 'nordics'")
        world.expectRefusal(.moveNotPermitted, "UPDATE company SET territory = NULL")
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET owner = 'anna'")
        try world.database.withStore { try $0.setRow(StoreWorld.key(StoreWorld.company, 1), values: [5: .null]) }
        world.expectRefusal(.noScope, "UPDATE company SET territory = NULL")
        #expect(try world.open().isEmpty)
    }

    @Test func references() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        world.expectRefusal(
            .referenceNotVisible, "INSERT INTO contact (id, name, company) VALUES ('\(fresh(1))', 'x', '\(fresh(2))')")
        world.expectRefusal(.noScope, "INSERT INTO contact (id, name) VALUES ('\(fresh(1))', 'x')")
        try world.database.write { database in
            try database.execute(sql: "INSERT INTO company (id, name, territory) VALUES ('\(fresh(2))', 'y', 'dach')")
            try database.execute(sql: "INSERT INTO contact (id, name, company) VALUES ('\(fresh(1))', 'x', '\(fresh(2))')")
        }
        world.expectRefusal(.referenceNotVisible, "UPDATE contact SET company = '\(fresh(3))'")
        try world.database.write { try $0.execute(sql: "UPDATE contact SET company = '\(one)'") }
        world.expectRefusal(.noScope, "UPDATE contact SET company = NULL")
        #expect(try world.open().map(\.operation) == [.insert, .insert])
    }

    @Test(arguments: [
        ("a_text = 5 || x'00'", ErrorCode.invalidText), ("a_text = x'41'", .typeMismatch),
        ("a_text = 'a' || char(0) || 'b'", .invalidText),
        ("a_text = replace(hex(zeroblob(600000)), '00', 'ab')", .valueTooLong), ("an_integer = 1.5", .typeMismatch),
        ("an_integer = 'one'", .typeMismatch), ("a_real = 'x'", .typeMismatch), ("a_real = 9e999", .notANumber),
        ("a_real = -9e999", .notANumber), ("a_decimal = '1e5'", .typeMismatch), ("a_decimal = '1.2.3'", .typeMismatch),
        ("a_decimal = ''", .typeMismatch), ("a_decimal = '1-2'", .typeMismatch), ("a_boolean = 2", .typeMismatch),
        ("a_boolean = 'true'", .typeMismatch), ("a_date = '2026-02-30'", .typeMismatch),
        ("a_date = '22.11.2026'", .typeMismatch),
        ("a_datetime = '2026-11-22Tnoon'", .typeMismatch), ("a_datetime = 'now'", .typeMismatch),
        ("a_set = 'a'", .typeMismatch),
        ("a_set = '{}'", .typeMismatch), ("a_set = '[1]'", .typeMismatch), ("a_blob = 'text'", .typeMismatch),
        ("a_blob = x'0102030405'", .valueTooLong), ("a_json = '{'", .typeMismatch), ("owner = ''", .typeMismatch),
        ("owner = replace(hex(zeroblob(70)), '00', 'ab')", .valueTooLong),
    ])
    func values(_ assignment: String, _ code: ErrorCode) throws {
        let world = try StoreWorld()
        try world.database.write { try $0.execute(sql: "INSERT INTO sample (id, owner) VALUES ('\(fresh(1))', 'anna')") }
        world.expectRefusal(code, "UPDATE sample SET \(assignment)")
        let parts = assignment.split(separator: "=", maxSplits: 1)
        if parts[0] != "owner " {
            world.expectRefusal(code, "INSERT INTO sample (id, owner, \(parts[0])) VALUES ('\(fresh(2))', 'anna', \(parts[1]))")
        }
    }

    @Test func enumerationsAndLengths() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        world.expectRefusal(.notInEnumeration, "UPDATE company SET industry = 'Retail'")
        world.expectRefusal(.valueTooLong, "UPDATE company SET name = '123456789012345678901'")
        try world.database.write { try $0.execute(sql: "UPDATE company SET industry = NULL, name = 'ÄÖÜßÄÖÜßÄÖÜßÄÖÜßÄÖÜß'") }
        #expect(try world.open().count == 1)
    }

    @Test func goodValuesOfEveryType() throws {
        let world = try StoreWorld()
        try world.database.write {
            try $0.execute(
                sql: """
                    INSERT INTO sample VALUES ('\(fresh(1))', 'anna', '', '7', 1, 5000, 0, '2024-02-29', '2026-11-22 06:30:00+01:00',
                        '[ "b", "a" ]', x'', '{"a": [1]}')
                    """)
        }
        let change = try #require(try world.open().first)
        #expect(
            change.cells.map(\.after) == [
                .text("anna"), .text(""), .integer(7), .real(1), .text("5000"), .integer(0), .text("2024-02-29"),
                .text("2026-11-22T05:30:00Z"), .text("[\"a\",\"b\"]"), .blob([]), .text("{\"a\": [1]}"),
            ])
        // What was brought to its canonical form is shown so.
        #expect(try world.row(StoreWorld.sample, 0x1001)?[8] == .text("[\"a\",\"b\"]"))
        #expect(try world.database.read { try $0.refusals() }.isEmpty)
    }

    @Test func nothingMayBeWrittenBeforeTheFirstCheckpoint() throws {
        let world = try StoreWorld(isReady: false)
        try world.receiveCompanies([1])
        world.expectRefusal(.bootstrapping, "INSERT INTO sample (id, owner) VALUES ('\(fresh(1))', 'anna')")
        world.expectRefusal(.bootstrapping, "UPDATE company SET visits = 1")
        world.expectRefusal(.bootstrapping, "DELETE FROM company")
        #expect(try world.sqlite3("UPDATE company SET visits = 1").errors.contains("satchel:bootstrapping:company"))
    }

    @Test func aNewRowMayBeChangedByItsMakerUntilItIsClosed() throws {
        let world = try StoreWorld()
        let id = fresh(1)
        try world.database.write { database in
            try database.execute(sql: "INSERT INTO company (id, name, territory) VALUES ('\(id)', 'x', 'dach')")
            // Only settable at creation, and this still is the creation.
            try database.execute(sql: "UPDATE company SET tax_number = 'T' WHERE id = '\(id)'")
        }
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET credit_limit = '1' WHERE id = '\(id)'")
        #expect(try world.open().map(\.operation) == [.insert])
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET tax_number = 'U' WHERE id = '\(id)'")
        world.expectRefusal(.deleteNotPermitted, "DELETE FROM company WHERE id = '\(id)'")
        try world.database.write { try $0.execute(sql: "UPDATE company SET name = 'y' WHERE id = '\(id)'") }
        #expect(try world.open().map(\.operation) == [.update])
    }

    @Test func aNewRowThatIsTakenBackBeforeClosingLeavesNothing() throws {
        let world = try StoreWorld()
        try world.database.write { database in
            try database.execute(sql: "INSERT INTO company (id, name, territory) VALUES ('\(fresh(1))', 'x', 'dach')")
            try database.execute(sql: "UPDATE company SET name = 'y'; DELETE FROM company")
        }
        #expect(try world.open().isEmpty)
        #expect(try world.sqlite3("SELECT count(*) FROM _satchel_new_company").output == "0\n")
    }

    @Test func aNewRowMayMoveWhereRowsMayBeMade() throws {
        let world = try StoreWorld()
        try world.database.write { database in
            try database.execute(sql: "INSERT INTO company (id, name, territory) VALUES ('\(fresh(1))', 'x', 'dach')")
        }
        world.expectRefusal(.moveNotPermitted, "UPDATE company SET territory = 'nordics'")
        try world.database.write { try $0.execute(sql: "UPDATE company SET owner = 'anna', territory = 'dach'") }
        // Two places now; each lends its rights.
        #expect(try world.sqlite3("SELECT count(*) FROM _satchel_new_company").output == "2\n")
        #expect(try world.open().map(\.operation) == [.insert])
    }

    @Test func theCodeTravelsWithPlaceAndRemedy() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let error = #expect(throws: SatchelError.self) {
            try world.database.write { try $0.execute(sql: "UPDATE company SET credit_limit = '1'") }
        }
        #expect(error?.message == "company.credit_limit: Your role may not write this field.")
        let other = #expect(throws: SatchelError.self) { try world.database.write { try $0.execute(sql: "SELEC") } }
        #expect(other?.code == .invalidSQL)
        let reading = #expect(throws: SatchelError.self) {
            try world.database.read { try $0.database.execute(sql: "UPDATE company SET visits = 1") }
        }
        #expect(reading?.code == .notReadOnly)
    }
}
