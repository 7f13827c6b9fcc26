import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore
import Testing

@Suite struct RowTests {
    private let company = StoreWorld.company

    @Test func tenThousandRowsAreReceivedAndLogNothing() throws {
        let world = try StoreWorld()
        for batch in stride(from: 0, to: 10_000, by: 1_000) { try world.receiveCompanies(batch..<batch + 1_000) }
        #expect(try world.database.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM company") } == 10_000)
        #expect(try world.database.withStore { try $0.placedRows(table: company) }.count == 10_000)
        #expect(try world.open().isEmpty)
        #expect(try world.row(company, 9_999)?[0] == .text("DE9999"))
        try world.receiveCompanies([5], marker: "b")
        #expect(try world.row(company, 5)?[0] == .text("DE5b"))
        #expect(try world.database.read { try $0.isBlankingPending() } == false)
    }

    @Test func changesTouchOnlyTheirFields() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...3)
        func change(_ numbers: [Int]) -> IncomingRows {
            IncomingRows(
                table: company, mask: world.rep, isComplete: false, fields: [6, 1], ids: numbers.map(StoreWorld.id), roots: [],
                columns: [numbers.map { .integer(Int64($0 * 10)) }, numbers.map { .text("n\($0)") }])
        }
        try world.database.withStore { try $0.receive(change([3, 1])) }
        #expect(try world.row(company, 3)?[6] == .integer(30))
        #expect(try world.row(company, 1)?[1] == .text("n1"))
        #expect(try world.row(company, 1)?[0] == .text("DE1"))
        #expect(try world.row(company, 2)?[1] == .text("Company 2"))
        let error = #expect(throws: SatchelError.self) { try world.database.withStore { try $0.receive(change([1, 8])) } }
        #expect(error?.code == .fileDamaged)
        #expect(try world.sqlite3("SELECT applying FROM _satchel_control").output == "0\n")
    }

    @Test func aBatchThatDoesNotFitTogetherIsRefused() throws {
        let world = try StoreWorld()
        let ragged = IncomingRows(
            table: company, mask: world.rep, isComplete: true, fields: [1], ids: [StoreWorld.id(1)], roots: [[1]], columns: [[]]
        )
        let error = #expect(throws: SatchelError.self) { try world.database.withStore { try $0.receive(ragged) } }
        #expect(error?.code == .malformed)
    }

    @Test func aRowMadeHereIsPlacedByWhatComesBack() throws {
        let world = try StoreWorld()
        let key = StoreWorld.key(company, 1)
        try world.database.write {
            try $0.execute(sql: "INSERT INTO company (id, name, territory) VALUES ('\(key.id)', 'x', 'dach')")
        }
        _ = try world.open()
        #expect(try world.database.read { try $0.readable(key) } == nil)
        try world.database.withStore { try $0.setPlacement(key, mask: world.peer, roots: [5, 2]) }
        #expect(try world.database.read { try $0.readable(key)?.members } == [1, 2])
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET name = 'y'")
        #expect(try world.database.withStore { try $0.detach(roots: [2]) } == [])
        #expect(try world.database.withStore { try $0.detach(roots: [5]) } == [key])
    }

    @Test func placementOutlivesADeleteThatIsNotYetJudged() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let key = StoreWorld.key(company, 1)
        try world.database.withStore { try $0.removeRow(key, keepPlacement: true) }
        #expect(try world.database.withStore { try $0.readable(key) } != nil)
        #expect(try world.row(company, 1) == nil)
        try world.database.withStore { try $0.setRow(key, values: [1: .text("back")]) }
        #expect(try world.row(company, 1)?[1] == .text("back"))
        try world.database.withStore { try $0.removeRow(key, keepPlacement: false) }
        #expect(try world.database.withStore { try $0.readable(key) } == nil)
        #expect(try world.open().isEmpty)
    }

    @Test func aLaterSchemaAddsAndKeeps() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        try world.sqlite3("UPDATE company SET name = 'before'")
        var fields = StoreWorld.companyFields
        fields[2] = Field(name: "industry", type: .enumeration(["retail", "services", "mining"]))
        let more = (0..<70).map { Field(name: "extra_\($0)", type: .integer) }
        var tables = StoreWorld.schema.tables
        tables[0] = Table(name: "company", partition: [.territory(field: 4), .owner(field: 5)], fields: fields + more)
        tables.append(
            Table(name: "visit", partition: [.through(field: 0)], fields: [Field(name: "company", type: .reference("company"))])
        )
        let schema = Schema(name: "crm", version: 2, tables: tables)
        var mask = StoreWorld.repMask
        mask.tables[0].write += ["extra_69"]
        let later = mask
        try world.database.withStore { store in
            try store.install(schema)
            let number = try store.maskNumber(later)
            #expect(number != world.rep)
            try store.setPlacement(StoreWorld.key(company, 1), mask: number, roots: [1])
        }
        try world.database.write { try $0.execute(sql: "UPDATE company SET industry = 'mining', extra_69 = 5") }
        world.expectRefusal(.fieldNotWritable, "UPDATE company SET extra_68 = 1")
        let change = OpenChange(
            key: StoreWorld.key(company, 1), operation: .update,
            cells: [
                cell(1, .text("Company 1"), .text("before")), cell(2, .text("retail"), .text("mining")),
                cell(78, .null, .integer(5)),
            ])
        #expect(try world.open() == [change])
        #expect(try world.database.read { try $0.schema() } == schema)
        #expect(try world.database.pool.read { try $0.tableExists("visit") })
        let error = #expect(throws: SatchelError.self) { try world.database.withStore { try $0.install(StoreWorld.schema) } }
        #expect(error?.code == .malformed)
    }

    @Test func aFullDiskLeavesEverythingAsItWas() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(0..<100)
        _ = try world.open()
        let before = try world.row(company, 1)
        try world.database.pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
        }
        let error = #expect(throws: SatchelError.self) { try world.receiveCompanies(0..<5_000, marker: "new") }
        #expect(error?.code == .diskFull)
        let local = #expect(throws: SatchelError.self) {
            try world.database.write { database in
                for _ in 0..<200 { try database.execute(sql: "UPDATE company SET name = name || 'x' WHERE length(name) < 20") }
            }
        }
        #expect(local?.code == .diskFull)
        #expect(try world.row(company, 1) == before)
        #expect(
            try world.sqlite3("SELECT applying FROM _satchel_control; SELECT count(*) FROM company; PRAGMA integrity_check")
                .output == "0\n100\nok\n")
        try world.database.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        try world.database.write { try $0.execute(sql: "UPDATE company SET visits = 5") }
        #expect(try world.open().count == 100)
    }
}
