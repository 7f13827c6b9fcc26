import SatchelCore
import Testing

@Suite struct ValueTests {
    private static let values: [Value] = [
        .null, .integer(.min), .integer(-1), .integer(0), .integer(.max),
        .real(Double(bitPattern: 0xFFF8_0000_0000_0002)), .real(Double(bitPattern: 0xFFF8_0000_0000_0001)), .real(-.infinity),
        .real(-1), .real(-0.0), .real(0), .real(1), .real(.infinity), .real(.nan),
        .real(Double(bitPattern: 0x7FF8_0000_0000_0001)),
        .text(""), .text("A"), .text("a"), .text("e\u{301}"), .text("é"), .text("\u{10FFFF}"),
        .blob([]), .blob([0]), .blob([0, 0]), .blob([1]),
    ]

    /// `values` is written down in order, so that the order is checked against it and not against itself.
    @Test func theOrderIsTotalAndByContent() {
        for (place, one) in Self.values.enumerated() {
            for (otherPlace, other) in Self.values.enumerated() {
                #expect((one < other) == (place < otherPlace), "\(one) < \(other)")
                #expect((one == other) == (place == otherPlace), "\(one) == \(other)")
            }
        }
        #expect(Self.values.shuffled().sorted() == Self.values)
    }

    @Test func equalityIsOfContent() {
        #expect(Value.real(.nan) == .real(.nan))
        #expect(Value.real(0) != .real(-0.0))
        #expect(Value.text("é") != .text("e\u{301}"))
        #expect(Value.integer(1) != .real(1))
        #expect(Value.text("") != .null && Value.blob([]) != .text(""))
        #expect(Value.null.isNull && !Value.text("").isNull)
        #expect(Set(Self.values + Self.values).count == Self.values.count)
    }

    @Test(arguments: values)
    func aValueComesBack(value: Value) throws {
        var writer = ByteWriter()
        PackedRow.encode(value, into: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try PackedRow.decodeValue(&reader) == value)
        #expect(reader.isAtEnd)
    }
}
