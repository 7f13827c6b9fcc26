import SatchelProtocol
import SatchelWire
import Testing

@Suite struct FramingTests {
    @Test(arguments: UInt64(1)...40) func anyPiecesGiveTheSameFrames(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bodies = (0..<30).map { _ in random.bytes([0, 1, 127, 128, 300, 20_000][random.below(6)]) }
        let stream = bodies.flatMap { Framing.frame($0) }
        var splitter = FrameSplitter()
        var found: [[UInt8]] = []
        var start = 0
        while start < stream.count {
            let end = min(stream.count, start + 1 + random.below(random.chance(2) ? 3 : 30_000))
            splitter.append(stream[start..<end])
            while let body = try splitter.next() { found.append(body) }
            start = end
        }
        try splitter.finish()
        #expect(found == bodies)
    }

    @Test func aStreamThatEndsInsideAFrameIsTruncated() throws {
        let stream = Framing.frame([1, 2, 3]) + Framing.frame([UInt8](repeating: 9, count: 200))
        for length in 0...stream.count {
            var splitter = FrameSplitter()
            splitter.append(stream[..<length])
            while try splitter.next() != nil {}
            #expect(code { try splitter.finish() } == ([0, 4, stream.count].contains(length) ? nil : .streamTruncated))
        }
    }

    @Test func aLengthAboveTheLimitIsRefusedBeforeItsBytesCome() throws {
        var splitter = FrameSplitter(limit: 1000)
        splitter.append(Framing.frame([UInt8](repeating: 1, count: 1000)))
        #expect(try splitter.next()?.count == 1000)
        splitter.append([0xE9, 0x07])
        #expect(code { try splitter.next() } == .tooLarge)
        splitter.append(Framing.frame([1]))
        #expect(code { try splitter.next() } == .tooLarge)
        #expect(code { try splitter.finish() } == .tooLarge)
    }

    @Test func aLengthThatIsNoVarintIsMalformed() throws {
        var splitter = FrameSplitter()
        splitter.append([UInt8](repeating: 0x80, count: 10))
        #expect(code { try splitter.next() } == .malformed)
        var greatest = FrameSplitter(limit: .max)
        greatest.append([UInt8](repeating: 0xFF, count: 9) + [0x02])
        #expect(code { try greatest.next() } == .malformed)
    }

    /// Quadratic work would take hours over these.
    @Test(.timeLimit(.minutes(1))) func theWorkIsLinear() throws {
        var splitter = FrameSplitter()
        let many = [UInt8](repeating: 0, count: 1_000_000)
        splitter.append(many)
        var count = 0
        while try splitter.next() != nil { count += 1 }
        #expect(count == many.count)
        let large = Framing.frame([UInt8](repeating: 5, count: 400_000))
        for byte in large {
            splitter.append(CollectionOfOne(byte))
            if try splitter.next() != nil { count += 1 }
        }
        try splitter.finish()
        #expect(count == many.count + 1)
    }
}
