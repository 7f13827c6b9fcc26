import SatchelCore
import Testing

/// Row ids, replica ids, dots, epochs and their spellings.
@Suite struct NamesTests {
    @Test func aRowIdIsBoundedText() {
        #expect(RowID("") == nil)
        #expect(RowID("a\0b") == nil)
        #expect(RowID(String(repeating: "x", count: 128)) != nil)
        #expect(RowID(String(repeating: "x", count: 129)) == nil)
        // The limit is in bytes: 64 letters of two bytes fit, 65 do not.
        #expect(RowID(String(repeating: "é", count: 64)) != nil)
        #expect(RowID(String(repeating: "é", count: 65)) == nil)
        #expect(RowID("SO-1")?.description == "SO-1")
    }

    @Test func rowIdsAreTheirBytes() throws {
        let composed = try #require(RowID("\u{e9}"))
        let decomposed = try #require(RowID("e\u{301}"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, composed]).count == 2)
        #expect(decomposed < composed)
        #expect(try #require(RowID("Z")) < #require(RowID("a")))
    }

    @Test(arguments: 0..<50)
    func newIdsAreUUIDsOfVersion7(seed: Int) throws {
        var random = SeededRandom(seed: seed)
        let milliseconds = UInt64.random(in: 0..<(1 << 48), using: &random)
        let id = RowID.uuidV7(milliseconds: milliseconds, random: &random)
        #expect(RowID(id.text) == id)
        let groups = id.text.split(separator: "-")
        #expect(groups.map(\.count) == [8, 4, 4, 4, 12])
        #expect(id.text.allSatisfy { "0123456789abcdef-".contains($0) })
        #expect(groups[2].first == "7")
        #expect("89ab".contains(try #require(groups[3].first)))
        #expect(UInt64(groups[0] + groups[1], radix: 16) == milliseconds)
    }

    @Test func theTimeOfAnIdIsThatOfTheStandardsExample() {
        // RFC 9562, appendix A.6: Tuesday, 22 February 2022, 14:22:22 -05:00.
        var random = SeededRandom(seed: 1)
        #expect(RowID.uuidV7(milliseconds: 1_645_557_742_000, random: &random).text.hasPrefix("017f22e2-79b0-7"))
    }

    @Test func laterIdsSortLaterAndNoTwoAreAlike() {
        var random = SeededRandom(seed: 2)
        let times: [UInt64] = [0, 1, 255, 256, 65_535, 65_536, 1_645_557_742_000, 1_645_557_742_001, (1 << 48) - 1]
        let ids = times.map { RowID.uuidV7(milliseconds: $0, random: &random) }
        #expect(ids == ids.sorted())
        let many = Set((0..<10_000).map { _ in RowID.uuidV7(milliseconds: 5, random: &random) })
        #expect(many.count == 10_000)
    }

    @Test func replicaIdsAreSixteenDigitsOf63Bits() {
        #expect(ReplicaID(0x0123_4567_89AB_CDEF).description == "0123456789abcdef")
        #expect(ReplicaID("0123456789abcdef") == ReplicaID(0x0123_4567_89AB_CDEF))
        #expect(ReplicaID("0123456789ABCDEF") == ReplicaID(0x0123_4567_89AB_CDEF))
        #expect(ReplicaID("7fffffffffffffff") == ReplicaID(UInt64(Int64.max)))
        for wrong in [
            "", "1", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg", "8000000000000000", "+123456789abcdef",
            "0123456789abcdé",
        ] {
            #expect(ReplicaID(wrong) == nil, "\(wrong)")
        }
        #expect(ReplicaID(1) < ReplicaID(2))
    }

    @Test func dotsSortByReplicaAndThenByCounter() {
        let dots = [(1, 1), (1, 2), (2, 1)].map { Dot(replica: ReplicaID($0.0), counter: $0.1) }
        #expect(dots == dots.shuffled().sorted())
        #expect(dots[1].description == "0000000000000001:2")
        #expect(Epoch(255).description == "00000000000000ff")
        #expect(Position(3).next == Position(4) && Position(4).description == "4" && Position.zero < Position(1))
    }

    @Test func hexadecimalComesBack() {
        let all = [UInt8](0...255)
        #expect(Hexadecimal.bytes(Hexadecimal.text(all)) == all)
        #expect(Hexadecimal.text(all.prefix(3)) == "000102")
        #expect(Hexadecimal.bytes("AbCd") == [0xAB, 0xCD])
        #expect(Hexadecimal.bytes("") == [])
        for wrong in ["a", "abc", "0x", "g0", " 0", "é"] { #expect(Hexadecimal.bytes(wrong) == nil, "\(wrong)") }
    }
}
