import SatchelCore
import Testing

/// Every causal order of a small size, under every linear extension of it, against the oracle. Long, and so one case at a
/// time, to leave a core to the tests that wait for something.
@Suite(.serialized) struct ExhaustiveMergeTests {
    /// Clock readings that try to mislead: all alike; by running number; against it, so that effects are stamped before their
    /// causes; and two that mix.
    static let clocks: [@Sendable (Int, Operation) -> HLC] = [
        { _, _ in HLC(milliseconds: 7, logical: 0) },
        { running, _ in HLC(milliseconds: UInt64(running), logical: 0) },
        { _, operation in HLC(milliseconds: UInt64(100 - operation.past.nonzeroBitCount), logical: 0) },
        { running, _ in HLC(milliseconds: UInt64(running % 2), logical: UInt32(running % 3)) },
        { running, _ in HLC(milliseconds: 1, logical: UInt32(running * 5 % 7)) },
    ]

    @Test func countsOfOrdersAreKnown() {
        // Counted by another program, so that the enumeration itself is checked.
        #expect(Orders.all(replicas: 2, operations: 2).count == 20)
        #expect(Orders.twoReplicas.count == 175)
        #expect(Orders.threeReplicas.count == 2827)
        #expect(Orders.threeReplicasUpToRenaming.count == 490)
        #expect(Orders.twoReplicasUpToRenaming.count == 90)
    }

    @Test("One cell: three replicas, two writes each, every order", arguments: clocks.indices)
    func cell(clock: Int) {
        var asPositions = 0
        for pasts in Orders.threeReplicas {
            let history = History(pasts: pasts, kind: { _ in .insert }, time: Self.clocks[clock])
            asPositions += expectOneOutcome(of: history)
        }
        #expect(asPositions > 1_000)
    }

    @Test("Existence: three replicas, two inserts or deletes each, every order", arguments: 0..<64)
    func existence(kinds: Int) {
        var asPositions = 0
        for pasts in Orders.threeReplicasUpToRenaming {
            let history = History(
                pasts: pasts, kind: { kinds >> $0 & 1 == 1 ? .delete : .insert }, time: Self.clocks[kinds % Self.clocks.count])
            asPositions += expectOneOutcome(of: history)
        }
        #expect(asPositions > 1_000)
    }

    @Test("A row: two replicas, three operations of any kind each, every order", arguments: 0..<81)
    func row(part: Int) {
        var asPositions = 0
        let kinds: [Operation.Kind] = [.insert, .update, .delete]
        let powers = [1, 3, 9, 27, 81, 243]
        for choice in (part * 9)..<(part * 9 + 9) {
            for pasts in Orders.twoReplicasUpToRenaming {
                let history = History(
                    pasts: pasts, kind: { kinds[choice / powers[$0] % 3] }, time: Self.clocks[choice % Self.clocks.count])
                asPositions += expectOneOutcome(of: history)
            }
        }
        #expect(asPositions > 1_000)
    }

    /// A row under the abstract order, and in a log of positions for as long as those can tell the pasts.
    private struct Arrival {
        var row = RowState()
        var byPosition: RowState? = RowState()
        var log: [Operation] = []
    }

    /// Every linear extension gives the expected outcome, and the laws hold of it.
    /// - Returns: how many of them could be told by positions, too.
    private func expectOneOutcome(of history: History) -> Int {
        var first: RowState?
        var differing: [[Dot]] = []
        var asPositions = 0
        history.forEachLinearExtension(from: Arrival()) { arrival, operation in
            admit(operation, of: history, to: &arrival.row)
            admitByPosition(operation, after: arrival.log, to: &arrival.byPosition)
            arrival.log.append(operation)
        } visit: { arrival in
            let row = first ?? arrival.row
            first = row
            if arrival.row != row { differing.append(arrival.log.map(\.dot)) }
            guard let byPosition = arrival.byPosition else { return }
            asPositions += 1
            if !isAlike(byPosition, row) { differing.append(arrival.log.map(\.dot)) }
        }
        let outcome = first.map { Outcome($0) }
        if outcome != Outcome(expected: history) || !differing.isEmpty {
            Issue.record("\(history) gives \(String(describing: outcome)), and another outcome as \(differing)")
        }
        if let outcome { expectLaws(of: outcome, history) }
        return asPositions
    }
}

/// What must hold of an outcome, said of the causal order and not of lengths.
func expectLaws(of outcome: Outcome, _ history: History, sourceLocation: SourceLocation = #_sourceLocation) {
    let operations = history.all
    for (field, cell) in outcome.cells {
        let heads = cell.heads.map(history.operation)
        // A causally later write wins whatever the clocks say: no head had been seen by another.
        let stale = heads.contains { head in heads.contains { $0.past(of: field) & head.bit != 0 } }
        #expect(!stale, "\(history)", sourceLocation: sourceLocation)
        #expect(Set(heads.map(\.replica)).count == heads.count, "two heads of one writer", sourceLocation: sourceLocation)
        // Among concurrent ones the latest is shown.
        let latest = heads.map(\.time).max()
        #expect(heads.first?.time == latest, "\(history)", sourceLocation: sourceLocation)
    }
    let inserts = operations.filter { $0.kind == .insert }
    let deletes = operations.filter { $0.kind == .delete }
    if inserts.isEmpty {
        #expect(outcome.length == 0 && outcome.cells.isEmpty, "an update created a row", sourceLocation: sourceLocation)
    }
    let deletesOfARow = deletes.filter { delete in inserts.contains { delete.past & $0.bit != 0 } }
    let returns = inserts.filter { insert in deletes.contains { insert.past & $0.bit != 0 } }
    if !deletesOfARow.isEmpty && returns.isEmpty {
        #expect(!outcome.isAlive, "a row came back through no write that had seen its delete", sourceLocation: sourceLocation)
    }
    if !inserts.isEmpty && deletesOfARow.isEmpty {
        #expect(outcome.isAlive, "a row died of no delete", sourceLocation: sourceLocation)
    }
}
