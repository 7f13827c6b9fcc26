import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Two histories of the same length that differ only in what Anna may not see: she is sent the same frames, in the same
/// order.
@Suite struct HiddenOrderTests {
    /// In an order of ids that is not that of the numbers.
    private func product(_ number: Int) -> RowID {
        let place = UInt64(number * 7 % 2_500)
        return RowID("01890000-0000-7000-8000-" + Hexadecimal.text(place).suffix(12)) ?? Bench.id(0)
    }

    private func write(_ bench: Bench, _ numbers: some Sequence<Int>, _ field: String, _ value: String, isNew: Bool = false)
        throws
    {
        let changes = numbers.map { number in
            Bench.change(isNew ? .insert : .update, "product", product(number), [field: .text(value)])
        }
        #expect(Set(try bench.commit("mia", changes).summary) == [])
    }

    private func batches(_ frames: [PullFrame]) -> [RowBatch] {
        frames.compactMap { frame in
            if case .rows(let batch) = frame { batch } else { nil }
        }
    }

    @Test func hiddenWritesDoNotMoveRowsBetweenBatches() throws {
        var told: [[PullFrame]] = []
        for remainder in 0...1 {
            let bench = Bench()
            let hidden = (0..<2_500).filter { $0 % 2 == remainder }
            // Arrived in an order of their own, which is hidden from nobody but says nothing either.
            try write(bench, (0..<2_500).reversed(), "name", "one", isNew: true)
            try write(bench, hidden, "cost", "1")
            let first = try bench.pull("anna", from: nil)
            try write(bench, hidden, "cost", "2")
            try write(bench, 0..<2_500, "name", "two")
            try write(bench, hidden, "cost", "3")
            let second = try bench.pull("anna", from: first.cursor)
            #expect(batches(first.frames).map(\.ids.count) == [1_000, 1_000, 500])
            #expect(batches(second.frames).map(\.ids.count) == [1_000, 1_000, 500])
            let isInOrder = batches(first.frames).flatMap(\.ids) == (0..<2_500).map(product).sorted()
            #expect(isInOrder)
            told.append(first.frames + second.frames)
        }
        let isSame = told[0] == told[1]
        #expect(isSame)
    }

    /// A row that also hangs under a company that Anna does not see is told like any other, and so is its leaving.
    @Test func aHiddenRootBesideMineShowsInNothing() throws {
        var told: [[PullFrame]] = []
        for isLinked in [true, false] {
            let bench = Bench()
            let mine = try bench.company(1)
            let other = try bench.company(2, by: "mia", territory: "south")
            let visit = Bench.id(3)
            try bench.commit("mia", [Bench.change(.insert, "visit", visit, ["company": .text(mine.text)])])
            let first = try bench.pull("anna", from: nil)
            try bench.commit(
                "mia",
                [
                    isLinked
                        ? Bench.change(.update, "visit", visit, ["partner": .text(other.text)])
                        : Bench.change(.update, "company", other, ["name": .text("Other")])
                ])
            #expect((try bench.row("visit", visit)?.currentRoots.count == 2) == isLinked)
            let second = try bench.pull("anna", from: first.cursor)
            #expect(batches(second.frames).isEmpty)
            try bench.commit("mia", [Bench.change(.update, "company", mine, ["territory": .text("south")])])
            let third = try bench.pull("anna", from: second.cursor)
            #expect(third.frames.contains { if case .rootsLeft = $0 { true } else { false } })
            told.append(first.frames + second.frames + third.frames)
        }
        #expect(told[0] == told[1])
    }

    /// What becomes of a root in whose rows the reader may read nothing is not told, not even as a number.
    @Test func aRootOfWhichNothingIsHeldLeavesUntold() throws {
        let bench = Bench()
        let budget = Bench.id(1)
        try bench.commit("mia", [Bench.change(.insert, "budget", budget, ["territory": .text("north")])])
        let first = try bench.pull("anna", from: nil)
        let move = Bench.change(.update, "budget", budget, ["territory": .text("south")])
        #expect(try bench.commit("mia", [move]).summary == [])
        let second = try bench.pull("anna", from: first.cursor)
        #expect(second.frames.count == 2, "no more than a beginning and a checkpoint")
    }
}
