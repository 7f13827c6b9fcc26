import SatchelCore
import SatchelProtocol

/// A message in its encoded form: the body of one frame (see `Framing`), without the length before it. What is encoded is
/// described in `protocol/SPEC.md` and `protocol/schema`.
public protocol WireCodable: Sendable {
    /// Equal messages give equal bytes.
    ///
    /// - Throws: `.tooLarge` above the message's own limit, `.malformed` when its parts contradict each other (columns of
    ///   unequal length, names out of bounds).
    func wireBytes() throws(SatchelError) -> [UInt8]

    /// Never traps and never reserves more than a small multiple of what it was given, whatever the bytes are.
    ///
    /// - Throws: `.malformed`, `.tooLarge`, or `.upgradeClient` when a server's message holds something that this version
    ///   does not know.
    init(wireBytes: ArraySlice<UInt8>) throws(SatchelError)
}

extension WireCodable {
    public init(wireBytes: [UInt8]) throws(SatchelError) { try self.init(wireBytes: wireBytes[...]) }
}
