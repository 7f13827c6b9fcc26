import SatchelCore
import SatchelProtocol
import SatchelWire
import Testing

/// Whatever the bytes are, decoding gives a message or throws; and what it gives is a message like any other.
@Suite struct HostileBytesTests {
    private func abuse<M: WireCodable & Equatable>(
        _ message: M, random: inout SeededGenerator, normal: (M) -> M = { $0 }
    ) throws {
        func survive(_ bytes: [UInt8]) throws {
            guard let message = try? M(wireBytes: bytes) else { return }
            #expect(try normal(M(wireBytes: message.wireBytes())) == normal(message))
        }
        let bytes = try message.wireBytes()
        for length in bytes.indices { try survive(Array(bytes[..<length])) }
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= UInt8(1 + random.below(255))
            try survive(changed)
            changed = bytes
            changed[place] = random.chance(2) ? 0xFF : 0
            try survive(changed)
            changed.remove(at: random.below(changed.count))
            try survive(changed)
        }
        try survive(random.bytes(random.below(200)))
    }

    @Test(arguments: UInt64(1)...6) func transactions(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try abuse(random.transaction(), random: &random, normal: sorted)
    }

    @Test(arguments: 0..<24) func pullFrames(kind: Int) throws {
        var random = SeededGenerator(seed: UInt64(kind))
        try abuse(random.pullFrame(kind: kind), random: &random)
    }

    @Test(arguments: UInt64(1)...6) func everythingElse(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try abuse(random.pushFrame(), random: &random)
        try abuse(random.pushReply(), random: &random)
        try abuse(random.pullOpen(), random: &random)
        try abuse(random.enrolRequest(), random: &random)
        try abuse(random.enrolReply(), random: &random)
        try abuse(random.nonceReply(), random: &random)
        try abuse(random.tokenRequest(), random: &random)
        try abuse(random.tokenReply(), random: &random)
        try abuse(random.failure(), random: &random)
        try abuse(random.cursor(), random: &random)
        try abuse(random.schema(), random: &random)
    }

    /// A field that no version knows yet, appended: a number, eight bytes, a string.
    @Test func unknownFieldsAreIgnored() throws {
        var random = SeededGenerator(seed: 5)
        let unknown: [UInt8] = [0xC0, 0x3E, 0x05] + [0xC9, 0x3E, 1, 2, 3, 4, 5, 6, 7, 8] + [0xD2, 0x3E, 0x02, 0xFF, 0xFE]
        let transaction = random.transaction()
        #expect(try sorted(Transaction(wireBytes: transaction.wireBytes() + unknown)) == sorted(transaction))
        let batch = PullFrame.rows(random.rowBatch())
        #expect(try PullFrame(wireBytes: batch.wireBytes() + unknown) == batch)
    }

    @Test func unknownFramesAskForAnUpgradeOrAreRefused() throws {
        let unknown: [UInt8] = [0xD2, 0x3E, 0x00]
        #expect(code { try PullFrame(wireBytes: unknown) } == .upgradeClient)
        #expect(code { try PushReply(wireBytes: unknown) } == .upgradeClient)
        #expect(code { try PushFrame(wireBytes: unknown) } == .malformed)
    }

    /// The code and the message of a failure reach the user even when its action is of a newer version.
    @Test func unknownActionsOfAFailureAskForAnUpgrade() throws {
        var bytes = try Failure(code: .busy, message: "later", action: .giveUp).wireBytes()
        #expect(bytes.suffix(2) == [0x18, 7])
        bytes[bytes.count - 1] = 99
        #expect(try Failure(wireBytes: bytes) == Failure(code: .busy, message: "later", action: .upgradeClient))
    }
}

/// The code with which a decoding was refused; nil when it was not.
func code(_ body: () throws -> some Any) -> ErrorCode? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? SatchelError)?.code
    }
}
