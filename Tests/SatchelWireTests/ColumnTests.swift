import SatchelCore
import SatchelProtocol
@testable import SatchelWire
import Testing

/// Columns and ids by themselves: compact where they can be, refused where their parts disagree.
@Suite struct ColumnTests {
    private func column(_ change: (inout Satchel_V1_Column) -> Void) -> Satchel_V1_Column {
        var column = Satchel_V1_Column()
        change(&column)
        return column
    }

    @Test(arguments: UInt64(1)...300) func valuesComeBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = random.column(random.below(40))
        #expect(try ColumnCoding.decode(ColumnCoding.encode(values), count: values.count) == values)
    }

    @Test func aColumnWithoutValuesTakesNothing() throws {
        let message = try ColumnCoding.encode([Value](repeating: .null, count: 1000))
        #expect(try Serialisation.bytes(message, "A column").isEmpty)
        #expect(try ColumnCoding.decode(message, count: 3) == [.null, .null, .null])
    }

    @Test func partsThatDisagreeAreMalformed() {
        let malformed: [(String, Int, Satchel_V1_Column)] = [
            ("too few values", 2, column { $0.integers = [1] }),
            ("too many values", 0, column { $0.integers = [1] }),
            ("bitmap too short", 9, column { ($0.nulls, $0.integers) = ([1].data, [1, 2, 3, 4, 5, 6, 7, 8]) }),
            ("bitmap too long", 8, column { ($0.nulls, $0.integers) = ([1, 0].data, [1, 2, 3, 4, 5, 6, 7]) }),
            ("bitmap beyond the rows", 2, column { ($0.nulls, $0.integers) = ([0b101].data, [1]) }),
            ("two classes, none named", 2, column { ($0.integers, $0.reals) = ([1], [2]) }),
            ("classes too short", 2, column { ($0.integers, $0.reals, $0.classes) = ([1], [2], [1].data) }),
            ("classes do not match", 2, column { ($0.integers, $0.reals, $0.classes) = ([1], [2], [1, 1].data) }),
            ("unknown class", 1, column { ($0.integers, $0.classes) = ([1], [9].data) }),
            ("text shorter than its lengths", 1, column { ($0.textLengths, $0.text) = ([5], [65].data) }),
            ("text longer than its lengths", 1, column { ($0.textLengths, $0.text) = ([1], [65, 66].data) }),
            ("text without lengths", 1, column { $0.text = [65].data }),
            ("blob longer than its lengths", 1, column { ($0.blobLengths, $0.blob) = ([0], [65].data) }),
            ("overlong UTF-8", 1, column { ($0.textLengths, $0.text) = ([2], [0xC0, 0x80].data) }),
            ("lone surrogate", 1, column { ($0.textLengths, $0.text) = ([3], [0xED, 0xA0, 0x80].data) }),
            ("a scalar cut in two", 2, column { ($0.textLengths, $0.text) = ([1, 1], [0xC3, 0xA9].data) }),
        ]
        for (name, count, column) in malformed {
            #expect(code { try ColumnCoding.decode(column, count: count) } == .malformed, "\(name)")
        }
        let huge = column { ($0.textLengths, $0.text) = ([.max], [65].data) }
        #expect(code { try ColumnCoding.decode(huge, count: 1) } == .tooLarge)
    }

    /// What another implementation may send: not the shortest form, and right.
    @Test func longerFormsOfTheSameAreRead() throws {
        let nulls = column { $0.nulls = [0b111].data }
        #expect(try ColumnCoding.decode(nulls, count: 3) == [.null, .null, .null])
        let classes = column { ($0.integers, $0.classes, $0.nulls) = ([4], [1].data, [0].data) }
        #expect(try ColumnCoding.decode(classes, count: 1) == [.integer(4)])
    }

    @Test func uuidsTakeSixteenBytes() throws {
        var random = SeededGenerator(seed: 1)
        let uuids = (0..<100).map { _ in RowID.uuidV7(milliseconds: random.next(), random: &random) }
        let message = RowIDCoding.encode(uuids)
        #expect(message.lengths.isEmpty)
        #expect(message.content.array.count == 1600)
        #expect(try RowIDCoding.decode(message) == uuids)
        for seed in UInt64(1)...50 {
            var random = SeededGenerator(seed: seed)
            let ids = random.ids(random.below(30))
            #expect(try RowIDCoding.decode(RowIDCoding.encode(ids)) == ids)
        }
    }

    @Test func idsThatAreNoneAreMalformed() {
        let malformed: [(String, [UInt32], [UInt8])] = [
            ("half a UUID", [], [UInt8](repeating: 1, count: 24)),
            ("half a UUID beside others", [1, 0], [65] + [UInt8](repeating: 1, count: 8)),
            ("shorter than its lengths", [3], [65]),
            ("longer than its lengths", [1], [65, 66]),
            ("too long", [129], [UInt8](repeating: 65, count: 129)),
            ("NUL", [2], [65, 0]),
            ("not UTF-8", [1], [0xFF]),
            ("a length beyond everything", [.max], [65]),
        ]
        for (name, lengths, content) in malformed {
            var message = Satchel_V1_RowIds()
            message.lengths = lengths
            message.content = content.data
            #expect(code { try RowIDCoding.decode(message) } == .malformed, "\(name)")
        }
    }

    /// Rows of one root are many; the root's number is as good as random and travels once.
    @Test func rootsTravelOnce() throws {
        var random = SeededGenerator(seed: 8)
        let ids = (0..<1000).map { _ in RowID.uuidV7(milliseconds: random.next(), random: &random) }
        let root = random.next()
        let batch = RowBatch(
            table: "t", mask: 1, isComplete: true, fields: [], ids: ids, roots: ids.map { _ in [root] },
            positions: ids.map { _ in Position(5) }, columns: [])
        let bytes = try PullFrame.rows(batch).wireBytes()
        #expect(bytes.count < ids.count * 18 + 200)
        #expect(try PullFrame(wireBytes: bytes) == .rows(batch))
        for counts: [[UInt64]] in [
            [[], [], []], [[1, 2], [], [2]], [[1], [2], [3]], [[3], [3], [1]], [[], [7], [7, 8, 9]],
        ] {
            let few = RowBatch(
                table: "t", mask: 1, isComplete: true, fields: [], ids: Array(ids[..<3]), roots: counts,
                positions: [.zero, .zero, .zero], columns: [])
            #expect(try PullFrame(wireBytes: PullFrame.rows(few).wireBytes()) == .rows(few))
        }
    }
}
