import SatchelCore
import Testing

@Suite struct PackedRowTests {
    static let nasty: [Value] = [
        .null, .integer(0), .integer(.min), .integer(.max), .real(0), .real(-0.0), .real(.infinity), .real(.nan),
        .real(Double(bitPattern: 0xFFF8_0000_0000_0001)), .real(9_007_199_254_740_992), .real(.leastNonzeroMagnitude),
        .text(""), .text("\0"), .text("e\u{301}"), .text("\u{e9}"), .text("👩‍👩‍👧‍👦\u{202E}"),
        .text(String(repeating: "x", count: 5_000)),
        .blob([]), .blob([0]), .blob([UInt8](repeating: 255, count: 300)),
    ]

    /// A row as merging could have left it, with numbers at the ends of their ranges.
    private func row(using random: inout SeededRandom) -> RowState {
        let edges: [UInt64] = [0, 1, 127, 128, 16_383, 16_384, UInt64(UInt32.max), UInt64(Int64.max), .max]
        var stamps: [Stamp] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let counter = edges.randomElement(using: &random) ?? 0
            stamps.append(
                Stamp(
                    dot: Dot(replica: ReplicaID(random.next()), counter: counter),
                    position: Position(edges.randomElement(using: &random) ?? 0),
                    time: HLC(milliseconds: edges.randomElement(using: &random) ?? 0, logical: [0, 1, .max][Int(counter % 3)])))
        }
        let stamp = { (random: inout SeededRandom) in stamps[Int.random(in: stamps.indices, using: &random)] }
        var steps: [Existence.Step] = []
        var length: UInt32 = 0
        while random.chance(2, in: 3) {
            length += UInt32.random(in: 0...1, using: &random)
            steps.append(Existence.Step(length: max(length, 1), stamp: stamp(&random)))
        }
        var cells: [Int: Register] = [:]
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let heads = (0..<(random.chance(1, in: 4) ? Int.random(in: 2...5, using: &random) : 1)).map { _ in
                Head(value: Self.nasty.randomElement(using: &random) ?? .null, stamp: stamp(&random))
            }
            cells[Int.random(in: 0..<IndexSet256.capacity, using: &random)] = Register(heads: heads)
        }
        return RowState(existence: Existence(steps: steps), cells: cells)
    }

    @Test(arguments: 0..<300)
    func rowsComeBackAsTheyWere(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let row = row(using: &random)
        let bytes = PackedRow.encode(row)
        let back = try PackedRow.decode(bytes) { row.value($0) }
        #expect(back == row)
        // Dictionaries iterate in another order in another copy; the bytes stay the same.
        var shuffled: [Int: Register] = [:]
        for (field, register) in row.cells.shuffled(using: &random) { shuffled[field] = register }
        #expect(PackedRow.encode(RowState(existence: row.existence, cells: shuffled)) == bytes)
    }

    @Test func theOrdinaryRowIsSmall() {
        let stamp = Stamp(
            dot: Dot(replica: ReplicaID(1 << 60), counter: 1_000), position: Position(1_000_000),
            time: HLC(milliseconds: 1_800_000_000_000, logical: 0))
        let cells = Dictionary(
            uniqueKeysWithValues: (0..<10).map { ($0, Register(heads: [Head(value: .integer(1), stamp: stamp)])) })
        let row = RowState(existence: Existence(steps: [.init(length: 1, stamp: stamp)]), cells: cells)
        #expect(PackedRow.encode(row).count <= 32, "ten cells of one write cost one stamp")
    }

    @Test func theCommonestStampIsChosenTheSameEveryTime() {
        // Two stamps of one position, alike often: only their dots and times tell them apart.
        let stamps = (1...8).map { number in
            Stamp(
                dot: Dot(replica: ReplicaID(UInt64(number % 2)), counter: 1), position: Position(5),
                time: HLC(milliseconds: UInt64(number), logical: 0))
        }
        let packed = (0..<20).map { round in
            var cells: [Int: Register] = [:]
            for place in (0..<8).map({ ($0 * 3 + round) % 8 }) {
                cells[place] = Register(heads: [Head(value: .null, stamp: stamps[place])])
            }
            return PackedRow.encode(RowState(cells: cells))
        }
        #expect(Set(packed).count == 1)
    }

    @Test(arguments: 0..<60)
    func everyTruncationIsTold(seed: Int) {
        var random = SeededRandom(seed: seed)
        let bytes = PackedRow.encode(row(using: &random))
        for count in 0..<min(bytes.count, 600) {
            #expect(throws: DecodingFault.self) { try PackedRow.decode(bytes.prefix(count)) { _ in .null } }
        }
        #expect(throws: DecodingFault.trailing) { try PackedRow.decode(bytes + [0]) { _ in .null } }
    }

    @Test(arguments: 0..<60)
    func mutatedBytesNeverTrap(seed: Int) {
        var random = SeededRandom(seed: seed)
        let bytes = PackedRow.encode(row(using: &random))
        var decoded = 0
        for _ in 0..<400 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: mutated.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: mutated[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: mutated[place] = [0, 0x7F, 0x80, 0xFF][Int.random(in: 0..<4, using: &random)]
                case 2: mutated.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
                default: if mutated.count > 1 { mutated.remove(at: place) }
                }
            }
            guard var row = try? PackedRow.decode(mutated, shown: { _ in .integer(1) }) else { continue }
            decoded += 1
            // What was read can be worked with and written again.
            let stamp = Stamp(dot: Dot(replica: ReplicaID(1), counter: 1), position: Position(9), time: .zero)
            let past = PositionPast(dot: stamp.dot, seen: Position(.max))
            let incarnation = row.insert(stamp, past: past)
            _ = row.admit(Head(value: .null, stamp: stamp), field: 0, incarnation: incarnation, past: past, kind: .lww)
            _ = row.delete(stamp, past: past)
            #expect(throws: Never.self) { try PackedRow.decode(PackedRow.encode(row)) { row.value($0) } }
        }
        #expect(decoded > 0, "no mutation was accepted: nothing was tried")
    }

    @Test func whatIsNotARowIsNamed() {
        func fault(_ bytes: [UInt8]) -> DecodingFault? {
            do throws(DecodingFault) {
                _ = try PackedRow.decode(bytes) { _ in .null }
                return nil
            } catch { return error }
        }
        let stamp: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]
        #expect(fault([]) == .truncated)
        #expect(fault([2]) == .invalidTag(2))
        #expect(fault([1, 200]) == .truncated)
        #expect(fault([1, 0, 0, 0, 0]) == nil)
        // A length beyond its type, or the last of it, which no change could follow.
        #expect(fault([1, 1] + stamp + [1, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0]) == .overflow)
        #expect(fault([1, 1] + stamp + [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0]) == .overflow)
        // Stamps that are not in the table, by number and as the default.
        #expect(fault([1, 1] + stamp + [1, 1, 1, 0, 0]) == .overflow)
        #expect(fault([1, 0, 0, 1, 1, 0]) == .overflow)
        // A field set, and a field, beyond the widest table.
        #expect(fault([1, 1] + stamp + [0, 33] + [UInt8](repeating: 1, count: 33) + [0]) == .overflow)
        #expect(fault([1, 1] + stamp + [0, 0, 1, 0x80, 0x02, 1, 0]) == .overflow)
        // A logical part beyond its type; an unknown kind of value; text that is not text.
        #expect(fault([1, 1] + stamp.dropLast() + [0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0]) == .overflow)
        #expect(fault([1, 1] + stamp + [0, 0, 1, 0, 2, 0, 0, 9]) == .invalidTag(9))
        #expect(fault([1, 1] + stamp + [0, 0, 1, 0, 2, 0, 0, 3, 1, 0xFF]) == .invalidText)
    }
}
