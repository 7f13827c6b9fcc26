import SatchelCore
import SatchelProtocol
@testable import SatchelWire
import Testing

/// The limits of `Limits`, when encoding and when decoding, and lengths that lie.
@Suite struct LimitTests {
    private let clock = ClockReading(wallMilliseconds: 1, boot: [], uptimeMilliseconds: 1)

    private func ids(_ count: Int) -> [RowID] { (1...count).compactMap { RowID("r\($0)") } }

    private func transaction(rows: Int, fields: Int, value: Value = .null) -> Transaction {
        Transaction(
            counter: 1, epoch: Epoch(1), clock: clock,
            changes: ids(rows).map { id in
                Change(
                    table: "t", id: id, operation: .update, seen: .zero,
                    cells: (0..<fields).map { CellWrite(field: "f\($0)", value: value) })
            })
    }

    private func group(rows: Int, fields: Int) -> Satchel_V1_ChangeGroup {
        var group = Satchel_V1_ChangeGroup()
        group.operation = .update
        group.fields = (0..<UInt32(fields)).map { $0 }
        group.ids = RowIDCoding.encode(ids(rows))
        group.columns = Array(repeating: Satchel_V1_Column(), count: fields)
        return group
    }

    private func bytes(_ groups: [Satchel_V1_ChangeGroup]) throws -> [UInt8] {
        var message = Satchel_V1_Transaction()
        message.counter = 1
        message.clock = try Satchel_V1_ClockReading(clock)
        var table = Satchel_V1_ChangedTable()
        table.name = "t"
        table.fields = (0..<Limits.tableFields).map { "f\($0)" }
        message.tables = [table]
        message.groups = groups
        return try Serialisation.bytes(message, "A transaction")
    }

    @Test func changesOfATransaction() throws {
        let most = transaction(rows: Limits.transactionChanges, fields: 1)
        #expect(try Transaction(wireBytes: most.wireBytes()).changes.count == Limits.transactionChanges)
        #expect(code { try transaction(rows: Limits.transactionChanges + 1, fields: 1).wireBytes() } == .tooLarge)
        let more = try bytes([group(rows: Limits.transactionChanges + 1, fields: 1)])
        #expect(code { try Transaction(wireBytes: more) } == .tooLarge)
    }

    /// NULLs take no bytes: a small payload must not grow without bound.
    @Test func cellsOfATransaction() throws {
        let rows = Limits.transactionChanges
        let fields = Limits.transactionCells / rows
        #expect(code { try Transaction(wireBytes: bytes([group(rows: rows, fields: fields)])) } == nil)
        #expect(code { try Transaction(wireBytes: bytes([group(rows: rows, fields: fields + 1)])) } == .tooLarge)
        #expect(code { try transaction(rows: rows, fields: fields + 1).wireBytes() } == .tooLarge)
    }

    @Test func bytesOfATransaction() throws {
        let value = Value.blob([UInt8](repeating: 1, count: Limits.valueBytes))
        #expect(code { try transaction(rows: 2, fields: 1, value: value).wireBytes() } == nil)
        #expect(code { try transaction(rows: 3, fields: 1, value: value).wireBytes() } == .tooLarge)
        let long = [UInt8](repeating: 0, count: Limits.transactionBytes + 1)
        #expect(code { try Transaction(wireBytes: long) } == .tooLarge)
        // Its counter is consumed all the same: the frame around it is read.
        let sealed = PushFrame.transaction(SealedTransaction(counter: 9, payload: long))
        #expect(try PushFrame(wireBytes: sealed.wireBytes()) == sealed)
    }

    @Test func bytesOfAValue() throws {
        let greatest = transaction(rows: 1, fields: 1, value: .text(String(repeating: "x", count: Limits.valueBytes)))
        #expect(code { try Transaction(wireBytes: greatest.wireBytes()) } == nil)
        let greater = Value.text(String(repeating: "x", count: Limits.valueBytes + 1))
        #expect(code { try transaction(rows: 1, fields: 1, value: greater).wireBytes() } == .tooLarge)
        var long = group(rows: 1, fields: 1)
        long.columns[0].blobLengths = [UInt32(Limits.valueBytes + 1)]
        long.columns[0].blob = [UInt8](repeating: 0, count: Limits.valueBytes + 1).data
        #expect(code { try Transaction(wireBytes: bytes([long])) } == .tooLarge)
    }

    /// Two bytes ask the decoder for a structure of a hundred.
    @Test func partsOfAFrame() throws {
        let groups: [UInt8] = Array(repeatElement([0x3A, 0], count: Limits.frameParts + 1).joined())
        #expect(code { try Transaction(wireBytes: groups) } == .tooLarge)
        let columns: [UInt8] = Array(repeatElement([0x2A, 0], count: Limits.frameParts + 1).joined())
        var framed = ByteWriter()
        framed.byte(0x3A)
        framed.string(columns)
        #expect(code { try Transaction(wireBytes: framed.bytes) } == .tooLarge)
    }

    @Test func rowsOfABatch() throws {
        func batch(_ rows: Int) -> RowBatch {
            RowBatch(
                table: "t", mask: 0, isComplete: false, fields: ["f"], ids: ids(rows),
                positions: Array(repeating: .zero, count: rows), columns: [Array(repeating: .null, count: rows)])
        }
        #expect(code { try PullFrame(wireBytes: PullFrame.rows(batch(Limits.batchRows)).wireBytes()) } == nil)
        #expect(code { try PullFrame.rows(batch(Limits.batchRows + 1)).wireBytes() } == .tooLarge)
        var message = Satchel_V1_PullFrame()
        message.rows.table = "t"
        message.rows.ids = RowIDCoding.encode(ids(Limits.batchRows + 1))
        message.rows.positions = Array(repeating: 0, count: Limits.batchRows + 1)
        #expect(code { try PullFrame(wireBytes: Serialisation.bytes(message, "A frame")) } == .tooLarge)
    }

    /// A batch closes after the row that reaches its bound: with a greatest value on top it still fits a frame.
    @Test func theGreatestBatchFitsAFrame() throws {
        let values = [Limits.batchBytes - 1, Limits.valueBytes].map { Value.blob([UInt8](repeating: 1, count: $0)) }
        let batch = RowBatch(
            table: "t", mask: 0, isComplete: false, fields: ["f"], ids: ids(2), positions: [.zero, .zero], columns: [values])
        #expect(try PullFrame(wireBytes: PullFrame.rows(batch).wireBytes()) == .rows(batch))
    }

    @Test func names() throws {
        for name in ["", String(repeating: "n", count: Limits.nameBytes + 1), "a\u{0}b"] {
            #expect(code { try PullFrame.left(RowsLeft(table: name, ids: [])).wireBytes() } == .malformed)
            var message = Satchel_V1_PullFrame()
            message.left.table = name
            #expect(code { try PullFrame(wireBytes: Serialisation.bytes(message, "A frame")) } == .malformed)
        }
        let longest = PullFrame.left(RowsLeft(table: String(repeating: "n", count: Limits.nameBytes), ids: []))
        #expect(try PullFrame(wireBytes: longest.wireBytes()) == longest)
    }

    @Test func sizesOfHashesSealsKeysAndSignatures() throws {
        var random = SeededGenerator(seed: 3)
        var cursor = random.cursor()
        cursor.seal.removeLast()
        #expect(code { try cursor.wireBytes() } == .malformed)
        var open = random.pullOpen()
        open.commitment.runningHash.append(0)
        #expect(code { try open.wireBytes() } == .malformed)
        var enrol = random.enrolRequest()
        enrol.publicKey.removeLast()
        #expect(code { try enrol.wireBytes() } == .malformed)
        enrol = random.enrolRequest()
        enrol.code = String(repeating: "9", count: Limits.unauthenticatedBytes)
        #expect(code { try enrol.wireBytes() } == .tooLarge)
        enrol = random.enrolRequest()
        enrol.device = String(repeating: "x", count: 101)
        #expect(code { try enrol.wireBytes() } == .tooLarge)
    }

    @Test func aRowOccursOnce() throws {
        var twice = transaction(rows: 1, fields: 1)
        twice.changes.append(Change(table: "t", id: twice.changes[0].id, operation: .delete, seen: .zero, cells: []))
        let bytes = try twice.wireBytes()
        #expect(code { try Transaction(wireBytes: bytes) } == .malformed)
    }

    /// What the encoder never says: indexes beyond the lists, lists of unequal length, groups of nothing.
    @Test func partsOfATransactionThatDisagree() throws {
        let malformed: [(String, (inout Satchel_V1_ChangeGroup) -> Void)] = [
            ("no such table", { $0.table = 1 }),
            ("no such field", { $0.fields[0] = 256 }),
            ("a field twice", { $0.fields[1] = 0 }),
            ("a column too few", { _ = $0.columns.popLast() }),
            ("no rows", { $0.ids = Satchel_V1_RowIds() }),
            ("no operation", { $0.operation = .unspecified }),
            ("an unknown operation", { $0.operation = .UNRECOGNIZED(9) }),
            ("seen of a row that is not there", { ($0.seenRows, $0.seenPositions) = ([3], [1]) }),
            ("seen of rows that do not rise", { ($0.seenRows, $0.seenPositions) = ([1, 1], [1, 2]) }),
            ("rows without seen", { $0.seenRows = [1] }),
            ("a cell that is not there", { ($0.cellRows, $0.cellFields, $0.cellPositions) = ([0], [2], [1]) }),
            ("cells that do not rise", { ($0.cellRows, $0.cellFields, $0.cellPositions) = ([1, 0], [0, 1], [1, 1]) }),
            ("cells without seen", { ($0.cellRows, $0.cellFields) = ([0], [0]) }),
        ]
        #expect(code { try Transaction(wireBytes: bytes([group(rows: 3, fields: 2)])) } == nil)
        for (name, change) in malformed {
            var group = group(rows: 3, fields: 2)
            change(&group)
            #expect(code { try Transaction(wireBytes: bytes([group])) } == .malformed, "\(name)")
        }
    }

    @Test func aDeleteHasNoCells() throws {
        var delete = group(rows: 1, fields: 1)
        delete.operation = .delete
        #expect(code { try Transaction(wireBytes: bytes([delete])) } == .malformed)
    }

    /// The greatest transaction's verdicts: every cell refused, ids as long as they come.
    @Test(.timeLimit(.minutes(2))) func theGreatestVerdictFitsAFrame() throws {
        let rows = 400
        let fields = Limits.transactionCells / Limits.transactionChanges
        let dot = Dot(replica: ReplicaID(.max), counter: 1 << 40)
        var exceptions: [VerdictException] = []
        for row in 0..<rows {
            let text = String(repeating: "x", count: RowID.maximumBytes - 8) + String(10_000_000 + row)
            let id = try #require(RowID(text))
            for field in 0..<fields {
                exceptions.append(
                    VerdictException(
                        table: "t", id: id, field: "f\(field)",
                        outcome: .refused(RefusalID(dot: dot, number: exceptions.count + 1)), code: .fieldNotWritable,
                        reason: "The field f\(field) may not be written by your roles here."))
            }
        }
        let verdict = TransactionVerdict(counter: 1 << 40, position: Position(1 << 40), exceptions: exceptions)
        let bytes = try VerdictCoding.encode([verdict])
        #expect(bytes.count * (Limits.transactionChanges / rows) < Limits.frameBytes)
        #expect(try VerdictCoding.decode(bytes) == [sorted(verdict)])
    }
}
