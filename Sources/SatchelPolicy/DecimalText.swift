/// The canonical text of an exact decimal: `-`? digits (`.` digits)?, without an exponent, a leading `+` or leading zeros
/// before the units digit, and never a negative zero.
///
/// Zeros at the end of the fraction are kept: `12.50` and `12.5` are two values, as the scale of a price is something that
/// its writer said (SQL's NUMERIC keeps it too). So a text is canonical exactly when it is the one form of its digits, scale
/// and sign, and equal texts mean equal cells on every replica.
public enum DecimalText {
    /// Digits before and after the point together: what SQL databases hold in NUMERIC(38).
    public static let maximumDigits = 38

    /// The canonical form of what a person or another program wrote: `+5`, `007.10`, `.5` and `5.` are understood.
    /// - Returns: nil when the text is not a decimal, has an exponent, or more digits than `maximumDigits`.
    public static func canonical(_ text: some StringProtocol) -> String? {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = rest.prefix(while: isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        guard rest.isEmpty, !whole.isEmpty || !fraction.isEmpty else { return nil }
        let units = whole.drop { $0 == UInt8(ascii: "0") }
        guard units.count + fraction.count <= maximumDigits else { return nil }
        let isZero = units.isEmpty && fraction.allSatisfy { $0 == UInt8(ascii: "0") }
        var out: [UInt8] = isNegative && !isZero ? [UInt8(ascii: "-")] : []
        out += units.isEmpty ? [UInt8(ascii: "0")] : units
        if !fraction.isEmpty {
            out.append(UInt8(ascii: "."))
            out += fraction
        }
        return String(decoding: out, as: UTF8.self)
    }

    public static func isCanonical(_ text: String) -> Bool {
        canonical(text).map { $0.utf8.elementsEqual(text.utf8) } ?? false
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
