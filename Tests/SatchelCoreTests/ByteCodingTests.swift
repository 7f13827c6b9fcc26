import SatchelCore
import Testing

@Suite struct ByteCodingTests {
    private func fault<Read>(_ bytes: [UInt8], _ read: (inout ByteReader) throws(DecodingFault) -> Read) -> DecodingFault? {
        var reader = ByteReader(bytes)
        do throws(DecodingFault) {
            _ = try read(&reader)
            return nil
        } catch { return error }
    }

    @Test func numbersComeBackAtEveryEdge() throws {
        var edges: [UInt64] = [0, .max, UInt64(Int64.max), UInt64(UInt32.max)]
        for bits in UInt64(0)..<64 { edges += [1 << bits, (1 << bits) - 1, (1 << bits) + 1] }
        for number in edges {
            var writer = ByteWriter()
            writer.varint(number)
            #expect(writer.bytes.count == max(1, (70 - number.leadingZeroBitCount) / 7))
            writer.fixed64(number)
            var reader = ByteReader(writer.bytes)
            #expect(try reader.varint() == number)
            #expect(try reader.fixed64() == number)
            try reader.finish()
        }
    }

    @Test func theVarintIsTheOneOfProtobuf() {
        // The example of protobuf.dev/programming-guides/encoding: 150 is 96 01.
        var writer = ByteWriter()
        writer.varint(150)
        #expect(writer.bytes == [0x96, 0x01])
        writer.fixed64(0x0102_0304_0506_0708)
        #expect(writer.bytes.dropFirst(2) == [8, 7, 6, 5, 4, 3, 2, 1])
    }

    @Test func aVarintThatIsTooLongOrCutIsRefused() {
        let nine = [UInt8](repeating: 0xFF, count: 9)
        #expect(fault(nine + [0x01]) { reader throws(DecodingFault) in try reader.varint() } == nil)
        #expect(fault(nine + [0x02]) { reader throws(DecodingFault) in try reader.varint() } == .overflow)
        #expect(fault(nine + [0x81, 0x00]) { reader throws(DecodingFault) in try reader.varint() } == .overflow)
        for count in 0...9 {
            #expect(fault(Array(nine.prefix(count))) { reader throws(DecodingFault) in try reader.varint() } == .truncated)
        }
    }

    @Test func noLengthIsBelieved() {
        var lying = ByteWriter()
        lying.varint(.max)
        lying.raw([1, 2, 3])
        #expect(fault(lying.bytes) { reader throws(DecodingFault) in try reader.count() } == .truncated)
        #expect(fault(lying.bytes) { reader throws(DecodingFault) in try reader.string() } == .truncated)
        #expect(fault(lying.bytes) { reader throws(DecodingFault) in try reader.text() } == .truncated)
        #expect(fault([3, 1, 2]) { reader throws(DecodingFault) in try reader.string() } == .truncated)
        #expect(fault([1, 2, 3, 4, 5, 6, 7]) { reader throws(DecodingFault) in try reader.fixed64() } == .truncated)
        #expect(fault([]) { reader throws(DecodingFault) in try reader.byte() } == .truncated)
        #expect(fault([0]) { reader throws(DecodingFault) in try reader.finish() } == .trailing)
    }

    @Test func textIsValidUnicodeOrRefused() throws {
        for text in ["", "\0", "naïve", "👩‍👧", "\u{10FFFF}"] {
            var writer = ByteWriter()
            writer.string(text.utf8)
            var reader = ByteReader(writer.bytes)
            #expect(Array(try reader.text().utf8) == Array(text.utf8))
        }
        // A lone surrogate, an overlong NUL, a cut sequence, a stray continuation.
        for bytes in [[0xED, 0xA0, 0x80], [0xC0, 0x80], [0xE2, 0x82], [0x80]] as [[UInt8]] {
            #expect(fault([UInt8(bytes.count)] + bytes) { reader throws(DecodingFault) in try reader.text() } == .invalidText)
        }
    }

    @Test func aSliceIsReadWithinItsBounds() throws {
        let bytes: [UInt8] = [9, 9, 2, 7, 8, 9]
        var reader = ByteReader(bytes[2..<5])
        #expect(reader.remaining == 3 && !reader.isAtEnd)
        #expect(Array(try reader.string()) == [7, 8])
        #expect(reader.isAtEnd)
        #expect(throws: DecodingFault.truncated) { try reader.byte() }
    }

    @Test(arguments: 0..<200)
    func randomBytesNeverTrap(seed: Int) {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        var reader = ByteReader(bytes)
        for _ in 0..<40 {
            let before = reader.remaining
            switch Int.random(in: 0..<6, using: &random) {
            case 0: _ = try? reader.byte()
            case 1: _ = try? reader.varint()
            case 2: _ = try? reader.count()
            case 3: _ = try? reader.fixed64()
            case 4: _ = try? reader.text()
            default: _ = try? PackedRow.decodeValue(&reader)
            }
            #expect((0...before).contains(reader.remaining))
        }
    }
}
