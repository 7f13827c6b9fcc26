import SatchelCore
import SatchelEngine
import SatchelProtocol
import Testing

/// A row that leaves a root and comes back to it.
@Suite struct ReturningRowTests {
    @Test func everyIntervalIsKeptAndTheRowFoundOnce() throws {
        let bench = Bench()
        let (old, new) = (try bench.company(1), try bench.company(2))
        let (contact, call) = (Bench.id(3), Bench.id(4))
        try bench.commit("anna", [Bench.change(.insert, "contact", contact, ["company": .text(old.text)])])
        try bench.commit("anna", [Bench.change(.insert, "call", call, ["contact": .text(contact.text)])])
        for company in [new, old] {
            let move = Bench.change(.update, "contact", contact, ["company": .text(company.text)])
            #expect(try bench.commit("anna", [move]).summary == [])
        }
        let here = try #require(try bench.row("company", old)?.ownRoot)
        let there = try #require(try bench.row("company", new)?.ownRoot)
        for (table, id, made) in [("contact", contact, Position(3)), ("call", call, Position(4))] {
            let row = try #require(try bench.row(table, id))
            #expect(
                row.links == [
                    RootLink(root: here, began: made, ended: Position(5)),
                    RootLink(root: there, began: Position(5), ended: Position(6)), RootLink(root: here, began: Position(6)),
                ])
            // Whoever saw the other company up to its return finds it gone from there, and back here.
            try bench.store.read { (reader) throws in
                #expect(
                    try reader.rows(under: there, changedAfter: Position(5), page: nil, limit: 9).rows.filter { $0 == row }
                        .count == 1)
                #expect(
                    try reader.rows(under: here, changedAfter: Position(5), page: nil, limit: 9).rows.filter { $0 == row }.count
                        == 1)
            }
        }
    }
}
