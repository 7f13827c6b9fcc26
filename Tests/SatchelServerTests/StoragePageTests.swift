import GRDB
import SatchelCore
import SatchelEngine
import SatchelProtocol
import Testing

@testable import SatchelServer

/// Rows under a root are listed while one list holds them, and read through the tables beyond that: the answer is the same.
@Suite struct StoragePageTests {
    @Test(arguments: [1, 2, 7, 100]) func beyondOneListTheTablesAreReadThrough(_ limit: Int) throws {
        try StorageFixture.withStore { store in
            let root = RootNumber(2)
            for round in 1...3 {
                try StorageFixture.commit(store) { commit, position in
                    commit.head.nextRoot = RootNumber(4)
                    for number in 0..<30 where number % round == 0 {
                        let hangs = number % 3 == 0 ? root : RootNumber(3)
                        let began = Position(1)
                        let links = [
                            RootLink(root: hangs, began: began, ended: number % 4 == 0 && round > 1 ? Position(2) : nil)
                        ]
                        commit.rows.append(
                            try StorageFixture.row(
                                number % 2, "r\(number * 7 % 30)", position.number, [0: .text("x")], links: links))
                    }
                }
            }
            try store.pool.read { db in
                for after in 0...3 {
                    var answers: [[StoredRow]] = []
                    for listed in [0, 1_000] {
                        let session = SQLiteSession(db, layout: store.layout, rules: RuleCache(), isWriter: false)
                        session.listedRows = listed
                        var rows: [StoredRow] = []
                        var page: RowPage?
                        repeat {
                            let found = try session.rows(
                                under: root, changedAfter: Position(UInt64(after)), page: page, limit: limit)
                            rows += found.rows
                            page = found.next
                            #expect(found.rows.count <= limit)
                        } while page != nil
                        answers.append(rows)
                    }
                    #expect(answers[0] == answers[1])
                    #expect(answers[0].isEmpty == (after == 3))
                }
            }
        }
    }
}
