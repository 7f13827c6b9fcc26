import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore
import Testing

/// Nothing revoked is left in the file, its WAL or its free pages.
@Suite struct BlankingTests {
    private let company = StoreWorld.company

    @Test func aRemovedRowIsNowhere() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...50, marker: "-zanzibar")
        try world.database.write {
            try $0.execute(sql: "UPDATE company SET name = 'okavango' WHERE id = '\(StoreWorld.uuid(7))'")
        }
        _ = try world.open()
        #expect(try !world.filesHolding("DE7-zanzibar").isEmpty)
        #expect(try !world.filesHolding("okavango").isEmpty)
        try world.database.withStore { store in
            try store.removeRow(StoreWorld.key(company, 7), keepPlacement: false)
        }
        #expect(try world.filesHolding("DE7-zanzibar") == [])
        #expect(try world.filesHolding("okavango") == [])
        #expect(try world.filesHolding(StoreWorld.uuid(7)) == [])
        #expect(try world.filesHolding("DE8-zanzibar") == [""])
        #expect(try world.database.read { try $0.isBlankingPending() } == false)
    }

    @Test func rowsUnderARootThatLeavesAreNowhere() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...60, root: { $0 % 2 == 0 ? [2] : ($0 == 1 ? [1, 2] : [1]) }, marker: "-zanzibar")
        #expect(try !world.filesHolding("DE4-zanzibar").isEmpty)
        let left = try world.database.withStore { store in
            let left = try store.detach(roots: [2])
            for key in left { try store.removeRow(key, keepPlacement: false) }
            return left
        }
        #expect(left.sorted() == stride(from: 2, through: 60, by: 2).map { StoreWorld.key(company, $0) })
        for number in stride(from: 2, through: 60, by: 2) { #expect(try world.filesHolding("DE\(number)-zanzibar") == []) }
        #expect(try world.filesHolding("DE1-zanzibar") == [""])
        // What had two roots goes with the second.
        #expect(try world.database.withStore { try $0.detach(roots: [1]) }.contains(StoreWorld.key(company, 1)))
    }

    @Test func whatANarrowerMaskHidesIsNowhere() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...20, marker: "-zanzibar")
        #expect(try !world.filesHolding("DE3-zanzibar").isEmpty)
        try world.database.withStore { store in
            try store.receive(
                IncomingRows(
                    table: company, mask: world.peer, isComplete: true, fields: [1, 2], ids: [StoreWorld.id(3)], roots: [[3]],
                    columns: [[.text("Company 3")], [.null]]))
        }
        #expect(try world.filesHolding("DE3-zanzibar") == [])
        #expect(try world.row(company, 3) == [.null, .text("Company 3")] + [Value](repeating: .null, count: 7))
        #expect(try world.database.read { try $0.readable(StoreWorld.key(company, 3))?.members } == [1, 2])
    }

    /// SQLite leaves copies of moved cells in the middle of rebalanced pages, which secure_delete does not reach: a file with a
    /// history must be clean too.
    @Test func aFileWithAHistoryIsCleanToo() throws {
        let world = try StoreWorld()
        var random = SeededGenerator(state: 1)
        let numbers = (0..<3000).map { _ in Int.random(in: 0..<0xFFFF_FFFF_FFFF, using: &random) }
        try world.receiveCompanies(numbers)
        for _ in 0..<3 {
            try world.database.withStore { store in
                for number in numbers.shuffled(using: &random).prefix(1500) {
                    let note = "\(number)-" + String(repeating: "x", count: Int.random(in: 0...500, using: &random))
                    try store.setRow(StoreWorld.key(company, number), values: [7: .text(note)])
                }
            }
        }
        let gone = numbers.shuffled(using: &random).prefix(1000)
        try world.database.withStore { store in
            for number in gone { try store.removeRow(StoreWorld.key(company, number), keepPlacement: false) }
        }
        let file = try Data(contentsOf: URL(fileURLWithPath: world.path))
        #expect(gone.filter { file.range(of: Data(StoreWorld.uuid($0).utf8)) != nil } == [])
        let kept = numbers.first { !gone.contains($0) } ?? 0
        #expect(file.range(of: Data(StoreWorld.uuid(kept).utf8)) != nil)
    }

    @Test func aReaderInTheWayLeavesItPending() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...50, marker: "-zanzibar")
        let reader = try DatabaseQueue(path: world.path)
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN; SELECT count(*) FROM company")
            try world.database.withStore { try $0.removeRow(StoreWorld.key(company, 7), keepPlacement: false) }
            #expect(try world.database.read { try $0.isBlankingPending() })
            #expect(try world.database.finishBlanking() == false)
            #expect(try !world.filesHolding("DE7-zanzibar").isEmpty)
            try database.execute(sql: "COMMIT")
        }
        try reader.close()
        #expect(try world.database.finishBlanking())
        #expect(try world.database.read { try $0.isBlankingPending() } == false)
        #expect(try world.filesHolding("DE7-zanzibar") == [])
    }

    @Test func whatWasPendingIsFinishedAtTheNextOpen() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...50, marker: "-zanzibar")
        let reader = try DatabaseQueue(path: world.path)
        try reader.inDatabase { database in
            try database.execute(sql: "BEGIN; SELECT count(*) FROM company")
            try world.database.withStore { try $0.removeRow(StoreWorld.key(company, 7), keepPlacement: false) }
            try database.execute(sql: "COMMIT")
        }
        try reader.close()
        let again = try ReplicaDatabase.open(path: world.path)
        #expect(try again.read { try $0.isBlankingPending() } == false)
        #expect(try world.filesHolding("DE7-zanzibar") == [])
        try again.close()
    }

    @Test func imagesCapturedForReplaceGoToo() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(1...5, marker: "-zanzibar")
        try world.sqlite3("INSERT OR IGNORE INTO company (id, name, territory) VALUES ('\(StoreWorld.uuid(2))', 'x', 'dach')")
        #expect(try world.sqlite3("SELECT count(*) FROM _satchel_old_company").output == "1\n")
        try world.database.withStore { try $0.removeRow(StoreWorld.key(company, 2), keepPlacement: false) }
        #expect(try world.filesHolding("DE2-zanzibar") == [])
    }
}
