import SatchelCore
import SatchelProtocol

/// Random values, names and ids, the awkward ones among them.
extension SeededGenerator {
    mutating func text() -> String {
        let alphabet = ["a", "Z", "0", " ", "ß", "é", "e\u{301}", "語", "👩‍👩‍👧", "\u{0}", "\n", "\u{10FFFF}"]
        return (0..<below(12)).map { _ in alphabet[below(alphabet.count)] }.joined()
    }

    /// A table's or field's name.
    mutating func name() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz_0123456789")
        return String((0..<1 + below(14)).map { _ in alphabet[below(alphabet.count)] })
    }

    mutating func names(_ count: Int) -> [String] {
        var out: [String] = []
        while out.count < count {
            let name = name()
            if !out.contains(name) { out.append(name) }
        }
        return out
    }

    mutating func value() -> Value {
        switch below(5) {
        case 0: .null
        case 1: .integer(Int64(bitPattern: number()))
        case 2: real()
        case 3: .text(text())
        default: .blob(bytes(below(20)))
        }
    }

    mutating func real() -> Value {
        let awkward: [Double] = [0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 9_007_199_254_740_992, 0.1]
        return .real(chance(2) ? awkward[below(awkward.count)] : Double(bitPattern: next()))
    }

    /// Of one storage class, of several, with and without NULL.
    mutating func column(_ count: Int) -> [Value] {
        let kind = below(7)
        return (0..<count).map { _ in
            switch kind {
            case 0: return .null
            case 1: return .integer(Int64(bitPattern: number()))
            case 2: return real()
            case 3: return .text(text())
            case 4: return .blob(bytes(below(8)))
            case 5: return chance(3) ? .null : .text(text())
            default: return value()
            }
        }
    }

    mutating func id() -> RowID {
        let fallback = RowID.uuidV7(milliseconds: next(), random: &self)
        switch below(6) {
        case 0: return RowID("c\(next())") ?? fallback
        case 1: return RowID(fallback.text.uppercased()) ?? fallback
        case 2: return RowID(String(repeating: "é", count: 1 + below(64))) ?? fallback
        case 3: return RowID(String(fallback.text.dropLast()) + "g") ?? fallback
        default: return fallback
        }
    }

    mutating func ids(_ count: Int) -> [RowID] {
        let areUUIDs = chance(2)
        var out: Set<RowID> = []
        while out.count < count { out.insert(areUUIDs ? RowID.uuidV7(milliseconds: next(), random: &self) : id()) }
        return out.sorted()
    }
}
