import SatchelCore
import SatchelProtocol

extension PushFrame: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        var message = Satchel_V1_PushFrame()
        switch self {
        case .open(let open):
            message.open = try Satchel_V1_PushOpen(open)
        case .transaction(let sealed):
            var transaction = Satchel_V1_SealedTransaction()
            transaction.counter = sealed.counter
            transaction.payload = sealed.payload.data
            message.transaction = transaction
        }
        return try Serialisation.bytes(message, "A frame of a push")
    }

    /// The payload is not looked into, nor measured beyond the frame: a transaction that is too large consumes its counter.
    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_PushFrame = try Serialisation.message(wireBytes, "A frame of a push")
        switch message.frame {
        case .open(let open):
            self = .open(try open.decoded())
        case .transaction(let sealed):
            self = .transaction(SealedTransaction(counter: sealed.counter, payload: sealed.payload.array))
        case nil:
            throw .malformed("A frame of a push is neither an open nor a transaction.")
        }
    }
}

extension Satchel_V1_PushOpen {
    init(_ open: PushOpen) throws(SatchelError) {
        try Checks.hash(open.baseHash)
        self.init()
        wireVersion = try Checks.unsigned(open.wireVersion, "The version of the wire")
        commitment = try Satchel_V1_Commitment(open.commitment)
        baseCounter = open.baseCounter
        baseHash = open.baseHash.data
        clock = try Satchel_V1_ClockReading(open.clock)
    }

    func decoded() throws(SatchelError) -> PushOpen {
        guard hasCommitment, hasClock else {
            throw .malformed("A push opens without a commitment or a reading of the clock.")
        }
        let hash = baseHash.array
        try Checks.hash(hash)
        return PushOpen(
            wireVersion: Int(wireVersion), commitment: try commitment.decoded(), baseCounter: baseCounter,
            baseHash: hash,
            clock: try clock.decoded())
    }
}

extension PushReply: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        var message = Satchel_V1_PushReply()
        switch self {
        case .acknowledged(let acknowledgement):
            try Checks.hash(acknowledgement.runningHash)
            var acknowledged = Satchel_V1_PushAcknowledgement()
            acknowledged.appliedThrough = acknowledgement.appliedThrough
            acknowledged.runningHash = acknowledgement.runningHash.data
            acknowledged.verdicts = try Satchel_V1_Verdicts(acknowledgement.verdicts)
            message.acknowledged = acknowledged
        case .failed(let failure):
            message.failed = Satchel_V1_Failure(failure)
        }
        let bytes = try Serialisation.bytes(message, "An answer to a push")
        try Nesting.pushReply.check(bytes[...], parts: Limits.frameParts, "An answer to a push")
        return bytes
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_PushReply = try Serialisation.message(
            wireBytes, nesting: .pushReply, "An answer to a push")
        switch message.reply {
        case .acknowledged(let acknowledged):
            let hash = acknowledged.runningHash.array
            try Checks.hash(hash)
            self = .acknowledged(
                PushAcknowledgement(
                    appliedThrough: acknowledged.appliedThrough, runningHash: hash,
                    verdicts: try acknowledged.verdicts.decoded()))
        case .failed(let failure):
            self = .failed(try failure.decoded())
        case nil:
            throw .upgradeClient(
                "The server answered a push with something that this version does not know.")
        }
    }
}
