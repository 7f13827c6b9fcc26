import Crypto
import SatchelCore
import SatchelProtocol

/// Makes and checks cursors: a server needs to believe no position that it did not send, and keeps nothing to know it.
public struct CursorSealer: Sendable {
    private let key: SymmetricKey

    /// - Parameter key: at least 32 random bytes that never leave the server.
    public init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    public func seal(user: String, epoch: Epoch, position: Position) -> Cursor {
        Cursor(epoch: epoch, position: position, seal: code(user, epoch, position))
    }

    public func verify(_ cursor: Cursor, user: String) -> Bool {
        let expected = code(user, cursor.epoch, cursor.position)
        guard cursor.seal.count == expected.count else { return false }
        return zip(cursor.seal, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func code(_ user: String, _ epoch: Epoch, _ position: Position) -> [UInt8] {
        var content = ByteWriter()
        content.string(Array(user.utf8))
        content.fixed64(epoch.number)
        content.fixed64(position.number)
        return Array(HMAC<SHA256>.authenticationCode(for: content.bytes, using: key).prefix(Limits.sealBytes))
    }
}

/// Hides root numbers from replicas: numbers given in sequence would tell how many accounts there are, and which are new.
/// A four-round Feistel permutation (Luby and Rackoff, 1988) of 64 bits with SHA-256 as its round function, so that equal
/// roots stay equal and different ones different.
public struct RootCipher: Sendable {
    private let key: [UInt8]

    public init(key: [UInt8]) { self.key = key }

    public func encrypt(_ root: RootNumber) -> UInt64 {
        var left = UInt32(truncatingIfNeeded: root.number >> 32)
        var right = UInt32(truncatingIfNeeded: root.number)
        for round in UInt8(0)..<4 { (left, right) = (right, left ^ scramble(right, round)) }
        return UInt64(left) << 32 | UInt64(right)
    }

    private func scramble(_ half: UInt32, _ round: UInt8) -> UInt32 {
        var content = ByteWriter()
        content.raw(key)
        content.byte(round)
        content.fixed64(UInt64(half))
        return SHA256.hash(data: content.bytes).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
