import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Each written cell is answered at most once, whatever is wrong with it.
@Suite struct VerdictOnceTests {
    let bench = Bench()

    @Test func aFaultyCellOfADeletedRowIsRefusedOnly() throws {
        let company = try bench.company(1)
        let seen = bench.head
        try bench.commit("mia", [Bench.change(.delete, "company", company)])
        let verdict = try bench.commit(
            "anna", [Bench.change(.update, "company", company, ["name": .null, "notes": .text("late")])], seen: seen)
        #expect(Set(verdict.summary) == ["name: required-field-missing", "notes: row-deleted"])
    }

    @Test func aFaultyCellOutOfScopeIsRefusedOnly() throws {
        let theirs = try bench.company(1, by: "ben", territory: "south")
        let verdict = try bench.commit(
            "anna", [Bench.change(.update, "company", theirs, ["name": .null, "notes": .text("x")])])
        #expect(verdict.exceptions.count == 2)
        #expect(Set(verdict.exceptions.compactMap(\.field)) == ["name", "notes"])
    }

    @Test func aRowThatFallsTakesItsFaultyCellsWithIt() throws {
        let verdict = try bench.commit(
            "anna",
            [
                Bench.change(
                    .insert, "company", Bench.id(9), ["name": .integer(1), "territory": .text("north"), "notes": .text("n")])
            ])
        #expect(verdict.summary == ["*: required-field-missing"])
    }

    @Test func anEditOfARowThatLeftIsRefusedCellByCell() throws {
        let company = try bench.company(1)
        try bench.commit("mia", [Bench.change(.update, "company", company, ["territory": .text("south")])])
        let verdict = try bench.commit(
            "anna", [Bench.change(.update, "company", company, ["name": .text("a"), "notes": .text("b")])])
        #expect(verdict.summary == ["name: no-longer-in-scope", "notes: no-longer-in-scope"])
        for exception in verdict.exceptions {
            let record = try bench.store.read { try $0.refusal(try #require(exception.refusal)) }
            #expect(record?.cells.count == 1 && record?.field == exception.field)
        }
    }
}
