import SatchelCore
import SatchelProtocol

/// The messages that come before an identity is known: small, whatever their sender says.
private func small(_ message: some WireMessage, _ what: String) throws(SatchelError) -> [UInt8] {
    try Serialisation.bytes(message, limit: Limits.unauthenticatedBytes, what)
}

private func small<M: WireMessage>(_ bytes: ArraySlice<UInt8>, _ what: String) throws(SatchelError)
    -> M
{
    try Serialisation.message(bytes, limit: Limits.unauthenticatedBytes, what)
}

private enum Signature {
    static let bytes = 64

    static func check(_ signature: [UInt8]) throws(SatchelError) {
        guard signature.count == bytes else {
            throw .malformed("A signature is \(signature.count) bytes long and not \(bytes).")
        }
    }
}

extension EnrolRequest: WireCodable {
    private static let deviceCharacters = 100

    private func check() throws(SatchelError) {
        guard publicKey.count == Limits.publicKeyBytes else {
            throw .malformed(
                "A public key is \(publicKey.count) bytes long and not \(Limits.publicKeyBytes).")
        }
        try Signature.check(proof)
        guard device.count <= Self.deviceCharacters else {
            throw .tooLarge("The name of a device is longer than \(Self.deviceCharacters) characters.")
        }
        if let previous {
            try Checks.hash(previous.runningHash)
            // The new chain goes on from here: a counter near the end of the numbers would leave it no room.
            guard previous.confirmedThrough <= UInt64(Int64.max) / 2 else {
                throw .malformed("No replica has written \(previous.confirmedThrough) transactions.")
            }
        }
    }

    public func wireBytes() throws(SatchelError) -> [UInt8] {
        try check()
        var message = Satchel_V1_EnrolRequest()
        message.wireVersion = try Checks.unsigned(wireVersion, "The version of the wire")
        message.code = code
        message.publicKey = publicKey.data
        message.proof = proof.data
        message.device = device
        if let previous {
            message.previous = previous.replica.number
            message.confirmedThrough = previous.confirmedThrough
            message.runningHash = previous.runningHash.data
        }
        return try small(message, "A request to enrol")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_EnrolRequest = try small(wireBytes, "A request to enrol")
        self.init(
            wireVersion: Int(message.wireVersion), code: message.code, publicKey: message.publicKey.array,
            proof: message.proof.array, device: message.device,
            previous: message.hasPrevious
                ? Predecessor(
                    replica: ReplicaID(message.previous), confirmedThrough: message.confirmedThrough,
                    runningHash: message.runningHash.array) : nil)
        try check()
    }
}

extension EnrolReply: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        try Checks.scopeName(user)
        var message = Satchel_V1_EnrolReply()
        message.replica = replica.number
        message.user = user
        message.organisation = organisation
        return try small(message, "An enrolment")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_EnrolReply = try small(wireBytes, "An enrolment")
        try Checks.scopeName(message.user)
        self.init(
            replica: ReplicaID(message.replica), user: message.user, organisation: message.organisation)
    }
}

extension NonceReply: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        var message = Satchel_V1_NonceReply()
        message.nonce = nonce.data
        return try small(message, "A nonce")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_NonceReply = try small(wireBytes, "A nonce")
        self.init(nonce: message.nonce.array)
    }
}

extension TokenRequest: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        try Signature.check(signature)
        var message = Satchel_V1_TokenRequest()
        message.replica = replica.number
        message.nonce = nonce.data
        message.signature = signature.data
        return try small(message, "A request for a token")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_TokenRequest = try small(wireBytes, "A request for a token")
        self.init(
            replica: ReplicaID(message.replica), nonce: message.nonce.array,
            signature: message.signature.array)
        try Signature.check(signature)
    }
}

extension TokenReply: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        var message = Satchel_V1_TokenReply()
        message.token = token
        message.seconds = try Checks.unsigned(seconds, "A token's seconds")
        return try small(message, "A token")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_TokenReply = try small(wireBytes, "A token")
        self.init(token: message.token, seconds: Int(message.seconds))
    }
}
