import SatchelCore
import SatchelProtocol
import SatchelWire
import Testing

/// What is encoded comes back, and every way of encoding it gives the same bytes.
@Suite struct RoundTripTests {
    private func check<M: WireCodable & Equatable>(
        seed: UInt64, _ sample: (inout SeededGenerator) -> M, normal: (M) -> M = { $0 }
    ) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4 {
            let message = sample(&random)
            let bytes = try message.wireBytes()
            let back = try M(wireBytes: bytes)
            #expect(normal(back) == normal(message))
            #expect(try back.wireBytes() == bytes)
            // In the middle of a greater buffer, whose indexes do not begin at 0.
            let framed = [7, 7, 7] + bytes + [9]
            #expect(try M(wireBytes: framed[3..<framed.count - 1]) == back)
        }
    }

    @Test(arguments: UInt64(1)...60) func identityAndCursors(seed: UInt64) throws {
        try check(seed: seed) { $0.enrolRequest() }
        try check(seed: seed) { $0.enrolReply() }
        try check(seed: seed) { $0.nonceReply() }
        try check(seed: seed) { $0.tokenRequest() }
        try check(seed: seed) { $0.tokenReply() }
        try check(seed: seed) { $0.failure() }
        try check(seed: seed) { $0.cursor() }
        try check(seed: seed) { $0.schema() }
    }

    @Test(arguments: UInt64(1)...150) func transactions(seed: UInt64) throws {
        try check(seed: seed, { $0.transaction() }, normal: sorted)
    }

    @Test(arguments: UInt64(1)...60) func pushes(seed: UInt64) throws {
        try check(seed: seed) { $0.pushFrame() }
        try check(seed: seed, { $0.pushReply() }, normal: sorted)
    }

    @Test(arguments: 0..<120) func pulls(kind: Int) throws {
        try check(seed: UInt64(kind)) { $0.pullOpen() }
        try check(seed: UInt64(kind), { $0.pullFrame(kind: kind) }, normal: sorted)
    }

    @Test func orderInsideATransactionCarriesNoMeaning() throws {
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let one = random.transaction()
            var other = one
            other.changes.shuffle(using: &random)
            #expect(try one.wireBytes() == other.wireBytes())
        }
    }

    @Test func orderInsideAVerdictCarriesNoMeaning() throws {
        for seed in UInt64(1)...40 {
            var random = SeededGenerator(seed: seed)
            let one = [random.verdict(), random.verdict()]
            var other = one
            other[0].exceptions.shuffle(using: &random)
            let bytes = try VerdictCoding.encode(one)
            #expect(try VerdictCoding.encode(other) == bytes)
            #expect(try VerdictCoding.decode(bytes) == one.map(sorted))
        }
    }

    /// Swift compares strings by canonical equivalence; names, ids and texts are bytes here.
    @Test func canonicallyEquivalentNamesStayApart() throws {
        let names = ["\u{E9}", "e\u{301}"]
        let id = try #require(RowID("1"))
        let transaction = Transaction(
            counter: 1, epoch: Epoch(1), clock: ClockReading(wallMilliseconds: 1, boot: [], uptimeMilliseconds: 1),
            changes: names.map {
                Change(table: "t", id: id, operation: .update, seen: .zero, cells: [CellWrite(field: $0, value: .text($0))])
            }.enumerated().map { place, change in
                Change(
                    table: change.table, id: RowID("\(place)") ?? id, operation: .update, seen: .zero, cells: change.cells)
            })
        let back = try Transaction(wireBytes: transaction.wireBytes())
        #expect(Set(back.changes.map { Array($0.cells[0].field.utf8) }) == Set(names.map { Array($0.utf8) }))
    }
}

/// By table and id, so that two transactions with the same set of changes compare equal.
func sorted(_ transaction: Transaction) -> Transaction {
    var transaction = transaction
    transaction.changes.sort { ($0.table, $0.id) < ($1.table, $1.id) }
    return transaction
}

func sorted(_ verdict: TransactionVerdict) -> TransactionVerdict {
    var verdict = verdict
    verdict.sortExceptions()
    return verdict
}

func sorted(_ reply: PushReply) -> PushReply {
    guard case .acknowledged(var acknowledgement) = reply else { return reply }
    acknowledgement.verdicts = acknowledgement.verdicts.map(sorted)
    return .acknowledged(acknowledgement)
}

func sorted(_ frame: PullFrame) -> PullFrame {
    guard case .verdicts(let verdicts) = frame else { return frame }
    return .verdicts(verdicts.map(sorted))
}
