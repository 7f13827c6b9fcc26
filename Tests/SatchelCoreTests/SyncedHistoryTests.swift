import SatchelCore
import Testing

/// Seeded histories of replicas that sync, larger than can be enumerated, merged by positions and by the abstract order.
@Suite struct SyncedHistoryTests {
    private func world(_ seed: Int) -> (world: SyncedHistory, random: SeededRandom) {
        var random = SeededRandom(seed: seed)
        let replicas = Int.random(in: 2...4, using: &random)
        let world = SyncedHistory(
            replicas: replicas, operations: .random(in: 4...24, using: &random), fields: 3, using: &random)
        return (world, random)
    }

    private func commit(_ entry: (operation: Operation, seen: [Int?: Position]), at position: Int, to row: inout RowState) {
        apply(entry.operation, to: &row, at: position) {
            PositionPast(dot: entry.operation.dot, seen: entry.seen[$0] ?? .zero)
        }
    }

    @Test(arguments: 0..<400)
    func positionsAndSetsAgreeUnderAnyOrder(seed: Int) {
        var (world, random) = world(seed)
        let history = world.history
        let expected = Outcome(expected: history)
        var row = RowState()
        for (place, entry) in world.log.enumerated() { commit(entry, at: place + 1, to: &row) }
        #expect(Outcome(row) == expected)
        for _ in 0..<10 {
            let order = history.randomLinearExtension(using: &random)
            #expect(Outcome(merged(order, of: history)) == expected)
        }
        expectLaws(of: expected, history)
    }

    /// By sets, any earlier operation may come again at any time.
    @Test(arguments: 0..<200)
    func repeatsChangeNothing(seed: Int) {
        var (world, random) = world(seed)
        let history = world.history
        let order = history.randomLinearExtension(using: &random)
        var row = RowState()
        for place in order.indices {
            admit(order[place], of: history, to: &row)
            for earlier in order[...place] where earlier == order[place] || random.chance(1, in: 4) {
                let before = row
                let admissions = admit(earlier, of: history, to: &row)
                #expect(row == before, "\(earlier.dot) a second time changed the row")
                #expect(admissions.values.allSatisfy { $0 == .repeated || $0 == .superseded })
            }
        }
        #expect(Outcome(row) == Outcome(expected: history))
    }

    /// By positions, the vector turns a repeat away, and a gap as well.
    @Test(arguments: 0..<200)
    func whatIsDeliveredAgainOrTooEarlyIsNotCommitted(seed: Int) throws {
        var (world, random) = world(seed)
        var applied = VersionVector()
        var row = RowState()
        var committed = 0
        while committed < world.log.count {
            let place = Int.random(in: 0...committed, using: &random)
            let dot = world.log[place].operation.dot
            let isBeyondGap = applied.advance(to: Dot(replica: dot.replica, counter: applied[dot.replica] + 2))
            try #require(!isBeyondGap)
            let isNew = applied.advance(to: dot)
            try #require(isNew == (place == committed))
            if isNew {
                committed += 1
                commit(world.log[place], at: committed, to: &row)
            }
        }
        #expect(Outcome(row) == Outcome(expected: world.history))
    }

    @Test(arguments: 0..<200)
    func batchesChangeNothing(seed: Int) throws {
        // Between two batches a row is packed and read again, with its shown values in columns.
        var (world, random) = world(seed)
        var whole = RowState()
        var inBatches = RowState()
        for (place, entry) in world.log.enumerated() {
            commit(entry, at: place + 1, to: &whole)
            commit(entry, at: place + 1, to: &inBatches)
            if random.chance(1, in: 3) {
                let columns = inBatches
                inBatches = try PackedRow.decode(PackedRow.encode(columns)) { columns.value($0) }
            }
        }
        #expect(inBatches == whole)
    }
}
