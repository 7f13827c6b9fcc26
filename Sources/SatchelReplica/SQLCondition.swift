import SatchelProtocol

/// An SQL condition that comes from outside, to stand between parentheses after WHERE. It must be one expression: nothing in it
/// may close those parentheses, begin another statement or comment the rest away.
///
/// What it may read is what its user may read anyway, and it runs where nothing can be written; this keeps a slip of the
/// pen, or a value pasted in, from being more than a condition.
enum SQLCondition {
    /// - Throws: `SatchelError` `.invalidSQL`.
    static func check(_ text: String) throws {
        var depth = 0
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): try skip(&bytes, to: byte)
            case UInt8(ascii: "["): try skip(&bytes, to: UInt8(ascii: "]"))
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth < 0 { throw invalid("closes a parenthesis that it did not open") }
            case UInt8(ascii: ";"): throw invalid("holds a semicolon")
            case UInt8(ascii: "-") where bytes.first == UInt8(ascii: "-"): throw invalid("holds a comment")
            case UInt8(ascii: "/") where bytes.first == UInt8(ascii: "*"): throw invalid("holds a comment")
            case 0: throw invalid("holds a NUL")
            default: break
            }
        }
        if depth > 0 { throw invalid("leaves a parenthesis open") }
        if text.utf8.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) { throw invalid("is empty") }
    }

    /// To the end of a quotation. A doubled quote inside begins it anew at once, which comes to the same.
    private static func skip(_ bytes: inout ArraySlice<UInt8>, to end: UInt8) throws {
        while let byte = bytes.popFirst() {
            if byte == end { return }
            if byte == 0 { throw invalid("holds a NUL") }
        }
        throw invalid("leaves a quotation open")
    }

    private static func invalid(_ what: String) -> SatchelError {
        SatchelError(
            .invalidSQL, "The condition \(what).", remedy: "Write one SQL condition, as it would stand after WHERE.")
    }
}
