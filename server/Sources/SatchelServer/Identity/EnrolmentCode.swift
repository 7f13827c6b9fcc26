import Crypto

/// A one-time code: 80 random bits as four groups of four characters of Crockford's base 32, which has no letter that reads
/// like a digit. It is kept only as its SHA-256: with that many random bits nothing is gained by a slower hash.
struct EnrolmentCode: Sendable {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    static let characters = 16

    /// `XXXX-XXXX-XXXX-XXXX`
    let text: String
    let hash: [UInt8]

    static func random(using random: inout some RandomNumberGenerator) -> EnrolmentCode {
        let plain = (0..<characters).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
        return EnrolmentCode(plain: plain)
    }

    /// Reads what a person typed: case, spaces and hyphens do not matter, `O` is a zero, `I` and `L` are ones.
    init?(_ typed: String) {
        guard typed.utf8.count <= 4 * Self.characters else { return nil }
        var plain: [Character] = []
        for character in typed.uppercased() where character != "-" && character != " " {
            switch character {
            case "O": plain.append("0")
            case "I", "L": plain.append("1")
            default: plain.append(character)
            }
        }
        guard plain.count == Self.characters, plain.allSatisfy(Self.alphabet.contains) else { return nil }
        self.init(plain: plain)
    }

    private init(plain: [Character]) {
        text = stride(from: 0, to: plain.count, by: 4).map { String(plain[$0..<$0 + 4]) }.joined(separator: "-")
        hash = Array(SHA256.hash(data: Array("satchel-code-v1".utf8) + Array(String(plain).utf8)))
    }
}

/// Whether two secrets are equal, in a time that does not tell where they differ.
func equalInConstantTime(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
