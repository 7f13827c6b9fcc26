/// Where a device's Ed25519 key pair (RFC 8032) lives. The private half never leaves the store: it is asked to sign.
///
/// A store holds at most two pairs. `current` proves the identity that the file has; `candidate` was made for an enrolment
/// that is under way. It replaces the current one only when the new identity is in the file, so that a crash at any moment
/// leaves the key of whichever identity the file has.
///
/// All methods may block on a file or a key chain; they are never called on the main actor.
public protocol KeyStore: Sendable {
    /// Makes a new pair and keeps it durably as the candidate. An earlier candidate is gone.
    ///
    /// - Returns: the public half, 32 bytes.
    /// - Throws: `SatchelError`: `.diskFull`, `.keyMissing` when it cannot be kept.
    func make() throws -> [UInt8]

    /// The public half of one of the pairs, 32 bytes; nil when there is no such pair.
    ///
    /// - Throws: `SatchelError`: `.keyNotPrivate` when others may read it, `.fileDamaged` when it is not a key.
    func load(_ slot: KeySlot) throws -> [UInt8]?

    /// Signs with one of the pairs.
    ///
    /// - Returns: 64 bytes.
    /// - Throws: `SatchelError`: `.keyMissing` when there is no such pair; what `load` throws.
    func sign(_ content: [UInt8], with slot: KeySlot) throws -> [UInt8]

    /// The candidate, if there is one, becomes the current pair; the former current pair is gone.
    func promote() throws
}

/// One of the two places of a key store.
public enum KeySlot: Sendable, Hashable, CaseIterable {
    case current
    case candidate
}
