/// The text primary key of a row: 1 to 128 bytes of UTF-8 without NUL.
public struct RowID: Sendable, CustomStringConvertible {
    public static let maximumBytes = 128

    public let text: String

    /// - Returns: nil when the text is empty, too long, or holds a NUL.
    public init?(_ text: String) {
        let count = text.utf8.count
        guard count > 0, count <= Self.maximumBytes, !text.utf8.contains(0) else { return nil }
        self.text = text
    }

    public var description: String { text }
}

extension RowID: Hashable, Comparable {
    public static func == (left: RowID, right: RowID) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    public static func < (left: RowID, right: RowID) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

extension RowID {
    /// A UUID of version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits, as 36 lower-case characters.
    /// Ids made later sort later, to the millisecond, so that new rows fall at the end of their indexes.
    public static func uuidV7(milliseconds: UInt64, random: inout some RandomNumberGenerator) -> RowID {
        var high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16
        high |= 0x7000 | (UInt64.random(in: 0...0xFFF, using: &random))
        let low = (UInt64.random(in: .min ... .max, using: &random) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        let digits = Hexadecimal.text(high) + Hexadecimal.text(low)
        var text = ""
        text.reserveCapacity(36)
        for (index, digit) in digits.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append("-") }
            text.append(digit)
        }
        return RowID(unchecked: text)
    }

    private init(unchecked text: String) { self.text = text }
}
