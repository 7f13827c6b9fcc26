import SatchelCore
import SatchelProtocol

extension PullOpen: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        var message = Satchel_V1_PullOpen()
        message.wireVersion = try Checks.unsigned(wireVersion, "The version of the wire")
        message.commitment = try Satchel_V1_Commitment(commitment)
        if let schemaVersion {
            guard let version = UInt64(exactly: schemaVersion) else {
                throw .malformed("A schema's version is below 0.")
            }
            message.schemaVersion = version
        }
        message.live = isLive
        message.full = isFull
        return try Serialisation.bytes(message, "A request to pull")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_PullOpen = try Serialisation.message(wireBytes, "A request to pull")
        guard message.hasCommitment else { throw .malformed("A pull opens without a commitment.") }
        var version: Int?
        if message.hasSchemaVersion {
            guard let known = Int(exactly: message.schemaVersion) else {
                throw .malformed("A schema's version is out of bounds.")
            }
            version = known
        }
        self.init(
            wireVersion: Int(message.wireVersion), commitment: try message.commitment.decoded(),
            schemaVersion: version,
            isLive: message.live, isFull: message.full)
    }
}

extension PullFrame: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        var message = Satchel_V1_PullFrame()
        switch self {
        case .begin(let begin): message.begin = Satchel_V1_PullBegin(begin)
        case .schema(let schema): message.schema = try Satchel_V1_Schema(schema)
        case .mask(let mask): message.mask = try Satchel_V1_Mask(mask)
        case .places(let places): message.places = try Satchel_V1_Places(places)
        case .rows(let batch): message.rows = try Satchel_V1_RowBatch(batch)
        case .left(let left): message.left = try Satchel_V1_RowsLeft(left)
        case .rootsLeft(let left): message.rootsLeft = Satchel_V1_RootsLeft(left)
        case .conflicts(let batch): message.conflicts = try Satchel_V1_ConflictBatch(batch)
        case .verdicts(let verdicts): message.verdicts = try Satchel_V1_Verdicts(verdicts)
        case .checkpoint(let checkpoint): message.checkpoint = try Satchel_V1_Checkpoint(checkpoint)
        case .heartbeat: message.heartbeat = Satchel_V1_Heartbeat()
        case .failed(let failure): message.failed = Satchel_V1_Failure(failure)
        }
        let bytes = try Serialisation.bytes(message, "A frame of a pull")
        try Nesting.pullFrame.check(bytes[...], parts: Limits.frameParts, "A frame of a pull")
        return bytes
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_PullFrame = try Serialisation.message(
            wireBytes, nesting: .pullFrame, "A frame of a pull")
        switch message.frame {
        case .begin(let begin): self = .begin(begin.decoded)
        case .schema(let schema): self = .schema(try schema.decoded())
        case .mask(let mask): self = .mask(try mask.decoded())
        case .places(let places): self = .places(try places.decoded())
        case .rows(let batch): self = .rows(try batch.decoded())
        case .left(let left): self = .left(try left.decoded())
        case .rootsLeft(let left): self = .rootsLeft(left.decoded)
        case .conflicts(let batch): self = .conflicts(try batch.decoded())
        case .verdicts(let verdicts): self = .verdicts(try verdicts.decoded())
        case .checkpoint(let checkpoint): self = .checkpoint(try checkpoint.decoded())
        case .heartbeat: self = .heartbeat
        case .failed(let failure): self = .failed(try failure.decoded())
        case nil: throw .upgradeClient("The server sent a frame that this version does not know.")
        }
    }
}

extension Satchel_V1_PullBegin {
    init(_ begin: PullBegin) {
        self.init()
        from = begin.from.number
        to = begin.to.number
        expectedRows = begin.expectedRows
    }

    var decoded: PullBegin {
        PullBegin(from: Position(from), to: Position(to), expectedRows: expectedRows)
    }
}

extension Satchel_V1_Checkpoint {
    init(_ checkpoint: Checkpoint) throws(SatchelError) {
        try Checks.hash(checkpoint.runningHash)
        self.init()
        cursor = try Satchel_V1_Cursor(checkpoint.cursor)
        appliedThrough = checkpoint.appliedThrough
        runningHash = checkpoint.runningHash.data
        backedUpThrough = checkpoint.backedUpThrough
    }

    func decoded() throws(SatchelError) -> Checkpoint {
        guard hasCursor else { throw .malformed("A checkpoint has no cursor.") }
        let hash = runningHash.array
        try Checks.hash(hash)
        return Checkpoint(
            cursor: try cursor.decoded(), appliedThrough: appliedThrough, runningHash: hash,
            backedUpThrough: backedUpThrough)
    }
}
