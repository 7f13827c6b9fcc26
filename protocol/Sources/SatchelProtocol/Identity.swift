import SatchelCore

/// Trades a one-time code for a replica id. The proof is a signature by the device's new key over
/// `satchel-enrol-v1`, the code and the public key (SPEC.md, "Enrolment").
public struct EnrolRequest: Sendable, Hashable {
    public var wireVersion: Int
    public var code: String
    /// Ed25519, 32 bytes.
    public var publicKey: [UInt8]
    public var proof: [UInt8]
    /// For the admin's list; at most 100 characters, believed by nobody.
    public var device: String
    /// The identity that this file had before, when it takes a new one.
    public var previous: Predecessor?

    public init(
        wireVersion: Int = Limits.wireVersion, code: String, publicKey: [UInt8], proof: [UInt8], device: String,
        previous: Predecessor?
    ) {
        self.wireVersion = wireVersion
        self.code = code
        self.publicKey = publicKey
        self.proof = proof
        self.device = device
        self.previous = previous
    }
}

/// An earlier identity of a file, and how far its transactions are known to be the server's: the new identity's chain goes on
/// from there (SPEC.md, "Clones and roll-backs").
public struct Predecessor: Sendable, Hashable {
    public var replica: ReplicaID
    /// The last counter whose verdict is kept, and the running hash there (32 bytes).
    public var confirmedThrough: UInt64
    public var runningHash: [UInt8]

    public init(replica: ReplicaID, confirmedThrough: UInt64, runningHash: [UInt8]) {
        self.replica = replica
        self.confirmedThrough = confirmedThrough
        self.runningHash = runningHash
    }
}

public struct EnrolReply: Sendable, Hashable {
    public var replica: ReplicaID
    public var user: String
    /// Names the organisation for ever; a file never changes it.
    public var organisation: String

    public init(replica: ReplicaID, user: String, organisation: String) {
        self.replica = replica
        self.user = user
        self.organisation = organisation
    }
}

/// Random bytes to be signed once, within `Limits.nonceSeconds`.
public struct NonceReply: Sendable, Hashable {
    public var nonce: [UInt8]

    public init(nonce: [UInt8]) { self.nonce = nonce }
}

/// Trades a signed nonce for a short-lived token (SPEC.md, "Token proof").
public struct TokenRequest: Sendable, Hashable {
    public var replica: ReplicaID
    public var nonce: [UInt8]
    public var signature: [UInt8]

    public init(replica: ReplicaID, nonce: [UInt8], signature: [UInt8]) {
        self.replica = replica
        self.nonce = nonce
        self.signature = signature
    }
}

public struct TokenReply: Sendable, Hashable {
    public var token: String
    public var seconds: Int

    public init(token: String, seconds: Int) {
        self.token = token
        self.seconds = seconds
    }
}

/// What the device signs, spelled out once for both sides.
public enum SignedContent {
    public static func enrolment(code: String, publicKey: [UInt8]) -> [UInt8] {
        var out = ByteWriter()
        out.string(Array("satchel-enrol-v1".utf8))
        out.string(Array(code.utf8))
        out.string(publicKey)
        return out.bytes
    }

    public static func token(organisation: String, replica: ReplicaID, nonce: [UInt8]) -> [UInt8] {
        var out = ByteWriter()
        out.string(Array("satchel-token-v1".utf8))
        out.string(Array(organisation.utf8))
        out.fixed64(replica.number)
        out.string(nonce)
        return out.bytes
    }
}
