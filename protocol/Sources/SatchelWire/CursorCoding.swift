import SatchelCore
import SatchelProtocol

extension Satchel_V1_Cursor {
    init(_ cursor: Cursor) throws(SatchelError) {
        try Self.check(seal: cursor.seal)
        self.init()
        epoch = cursor.epoch.number
        position = cursor.position.number
        seal = cursor.seal.data
    }

    func decoded() throws(SatchelError) -> Cursor {
        let seal = seal.array
        try Self.check(seal: seal)
        return Cursor(epoch: Epoch(epoch), position: Position(position), seal: seal)
    }

    private static func check(seal: [UInt8]) throws(SatchelError) {
        guard seal.count == Limits.sealBytes else {
            throw .malformed("A cursor's seal is \(seal.count) bytes long and not \(Limits.sealBytes).")
        }
    }
}

extension Satchel_V1_Commitment {
    init(_ commitment: Commitment) throws(SatchelError) {
        try Checks.hash(commitment.runningHash)
        self.init()
        if let cursor = commitment.cursor { self.cursor = try Satchel_V1_Cursor(cursor) }
        lastCounter = commitment.lastCounter
        runningHash = commitment.runningHash.data
        confirmedThrough = commitment.confirmedThrough
    }

    func decoded() throws(SatchelError) -> Commitment {
        let hash = runningHash.array
        try Checks.hash(hash)
        return Commitment(
            cursor: hasCursor ? try cursor.decoded() : nil, lastCounter: lastCounter, runningHash: hash,
            confirmedThrough: confirmedThrough)
    }
}

extension Satchel_V1_ClockReading {
    private static let bootBytes = 16

    init(_ clock: ClockReading) throws(SatchelError) {
        try Self.check(boot: clock.boot)
        self.init()
        wallMilliseconds = clock.wallMilliseconds
        boot = clock.boot.data
        uptimeMilliseconds = clock.uptimeMilliseconds
    }

    func decoded() throws(SatchelError) -> ClockReading {
        let boot = boot.array
        try Self.check(boot: boot)
        return ClockReading(
            wallMilliseconds: wallMilliseconds, boot: boot, uptimeMilliseconds: uptimeMilliseconds)
    }

    private static func check(boot: [UInt8]) throws(SatchelError) {
        guard boot.isEmpty || boot.count == bootBytes else {
            throw .malformed("The name of a boot is \(boot.count) bytes long and not \(bootBytes).")
        }
    }
}

extension Cursor: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        try Serialisation.bytes(try Satchel_V1_Cursor(self), "A cursor")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_Cursor = try Serialisation.message(wireBytes, "A cursor")
        self = try message.decoded()
    }
}
