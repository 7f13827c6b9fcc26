/// JSON (RFC 8259) as far as values need it: is this text JSON, is it a list of texts, and what is the one way to write a
/// set. Stricter than the RFC where readers are known to differ: an object's keys are unique, no `\u0000`, no half of a
/// surrogate pair.
public enum JSONText {
    /// Levels of arrays and objects. Deeper than any sensible record, and far below what would exhaust a small stack here
    /// or in the next program that reads it.
    public static let maximumDepth = 64
    /// Bytes of a whole text: those of the greatest value.
    public static let maximumBytes = 1024 * 1024

    /// - Returns: nil when the text is JSON within the limits.
    public static func fault(in text: String) -> ValueFault? {
        do {
            var reader = try JSONReader(text)
            try reader.value(depth: 0)
            try reader.finish()
            return nil
        } catch {
            return error
        }
    }

    /// The elements of an array of strings, in the order written, repeats and all.
    public static func strings(in text: String) throws(ValueFault) -> [String] {
        var reader = try JSONReader(text)
        let strings = try reader.strings()
        try reader.finish()
        return strings
    }

    /// The canonical form of a set: its different texts in ascending order of their UTF-8 bytes, as a JSON array without
    /// white space that escapes only what it must.
    public static func set(of texts: [String]) -> String {
        var previous: String?
        var out: [UInt8] = [UInt8(ascii: "[")]
        for text in texts.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            if let previous, previous.utf8.elementsEqual(text.utf8) { continue }
            if previous != nil { out.append(UInt8(ascii: ",")) }
            append(text, to: &out)
            previous = text
        }
        out.append(UInt8(ascii: "]"))
        return String(decoding: out, as: UTF8.self)
    }

    /// Whether the text is the canonical form of a set.
    public static func isSet(_ text: String) -> Bool {
        guard let strings = try? strings(in: text) else { return false }
        return set(of: strings).utf8.elementsEqual(text.utf8)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func append(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0x08: out += Array("\\b".utf8)
            case 0x09: out += Array("\\t".utf8)
            case 0x0A: out += Array("\\n".utf8)
            case 0x0C: out += Array("\\f".utf8)
            case 0x0D: out += Array("\\r".utf8)
            case 0..<0x20: out += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
