import Crypto
import SatchelProtocol
import Synchronization

/// Keys that last as long as the process: for tests and previews.
public final class MemoryKeyStore: KeyStore {
    private let keys = Mutex<[KeySlot: Curve25519.Signing.PrivateKey]>([:])

    public init() {}

    public func make() throws -> [UInt8] {
        let key = Curve25519.Signing.PrivateKey()
        keys.withLock { $0[.candidate] = key }
        return Array(key.publicKey.rawRepresentation)
    }

    public func load(_ slot: KeySlot) throws -> [UInt8]? {
        keys.withLock { keys in keys[slot].map { Array($0.publicKey.rawRepresentation) } }
    }

    public func sign(_ content: [UInt8], with slot: KeySlot) throws -> [UInt8] {
        guard let key = keys.withLock({ $0[slot] }) else { throw SatchelError.keyMissing("This device holds no key.") }
        return Array(try key.signature(for: content))
    }

    public func promote() throws {
        keys.withLock { keys in
            guard let candidate = keys.removeValue(forKey: .candidate) else { return }
            keys[.current] = candidate
        }
    }
}

extension SatchelError {
    static func keyMissing(_ message: String, cause: String? = nil) -> SatchelError {
        SatchelError(
            .keyMissing, message,
            remedy: "Enrol this file again with a new code; its pending work stays.", cause: cause)
    }
}
