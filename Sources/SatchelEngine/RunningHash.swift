import Crypto
import SatchelCore
import SatchelProtocol

/// The hash that chains a replica's transactions, so that clones and roll-backs show at first contact (DESIGN §4).
/// H(0) is 32 zero bytes; H(n) = SHA-256(H(n−1) ‖ n as 8 bytes, least significant first ‖ SHA-256(payload)).
public enum RunningHash {
    public static let start = [UInt8](repeating: 0, count: Limits.hashBytes)

    public static func next(_ previous: [UInt8], _ transaction: SealedTransaction) -> [UInt8] {
        var out = ByteWriter()
        out.raw(previous)
        out.fixed64(transaction.counter)
        out.raw(SHA256.hash(data: transaction.payload))
        return Array(SHA256.hash(data: out.bytes))
    }
}
