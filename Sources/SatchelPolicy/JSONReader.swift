/// Walks JSON text byte by byte. It builds nothing but the strings that it must compare.
struct JSONReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) throws(ValueFault) {
        guard text.utf8.count <= JSONText.maximumBytes else {
            throw ValueFault(.valueTooLong, "JSON text is at most \(JSONText.maximumBytes) bytes long.")
        }
        bytes = Array(text.utf8)
    }

    mutating func finish() throws(ValueFault) {
        skipSpace()
        if offset != bytes.count { throw malformed() }
    }

    /// Passes over one value, whatever it is.
    mutating func value(depth: Int) throws(ValueFault) {
        skipSpace()
        guard offset < bytes.count else { throw malformed() }
        switch bytes[offset] {
        case UInt8(ascii: "{"): try object(depth: depth + 1)
        case UInt8(ascii: "["): try array(depth: depth + 1)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    /// An array of nothing but strings.
    mutating func strings() throws(ValueFault) -> [String] {
        var out: [String] = []
        skipSpace()
        guard take("[") else { throw malformed() }
        skipSpace()
        if take("]") { return out }
        repeat {
            skipSpace()
            out.append(String(decoding: try string(), as: UTF8.self))
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed() }
        return out
    }

    private mutating func object(depth: Int) throws(ValueFault) {
        try guardDepth(depth)
        offset += 1
        skipSpace()
        if take("}") { return }
        var keys: Set<[UInt8]> = []
        repeat {
            skipSpace()
            guard keys.insert(try string()).inserted else {
                throw ValueFault(.typeMismatch, "JSON has one key twice in an object, near byte \(offset).")
            }
            skipSpace()
            guard take(":") else { throw malformed() }
            try value(depth: depth)
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed() }
    }

    private mutating func array(depth: Int) throws(ValueFault) {
        try guardDepth(depth)
        offset += 1
        skipSpace()
        if take("]") { return }
        repeat {
            try value(depth: depth)
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed() }
    }

    private func guardDepth(_ depth: Int) throws(ValueFault) {
        guard depth <= JSONText.maximumDepth else {
            throw ValueFault(.typeMismatch, "JSON is nested deeper than \(JSONText.maximumDepth) levels.")
        }
    }

    private mutating func word(_ word: StaticString) throws(ValueFault) {
        for index in 0..<word.utf8CodeUnitCount {
            guard offset < bytes.count, bytes[offset] == word.utf8Start[index] else { throw malformed() }
            offset += 1
        }
    }

    private mutating func number() throws(ValueFault) {
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("-") { _ = take("+") }
            try digits()
        }
    }

    private mutating func digits() throws(ValueFault) {
        let start = offset
        while offset < bytes.count, bytes[offset] >= UInt8(ascii: "0"), bytes[offset] <= UInt8(ascii: "9") { offset += 1 }
        if offset == start { throw malformed() }
    }

    /// The UTF-8 bytes that a string stands for.
    private mutating func string() throws(ValueFault) -> [UInt8] {
        guard take("\"") else { throw malformed() }
        var out: [UInt8] = []
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return out
            case UInt8(ascii: "\\"): try escape(into: &out)
            case 0: throw ValueFault(.invalidText, "JSON text holds a NUL at byte \(offset - 1).")
            case 1..<0x20: throw malformed()
            default: out.append(byte)
            }
        }
        throw malformed()
    }

    private mutating func escape(into out: inout [UInt8]) throws(ValueFault) {
        guard offset < bytes.count else { throw malformed() }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): out += Array(String(try scalar()).utf8)
        default: throw malformed()
        }
    }

    /// What follows `\u`, and the second half of a pair when it is the first.
    private mutating func scalar() throws(ValueFault) -> Character {
        var code = try codeUnit()
        if code >= 0xD800, code < 0xDC00, take("\\"), take("u") {
            let low = try codeUnit()
            guard low >= 0xDC00, low < 0xE000 else { throw unpaired() }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard code != 0, let scalar = Unicode.Scalar(code) else { throw unpaired() }
        return Character(scalar)
    }

    private mutating func codeUnit() throws(ValueFault) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw malformed()
            }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, UInt32(bytes[offset]) == character.value else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private func malformed() -> ValueFault { ValueFault(.typeMismatch, "The text is not JSON: see byte \(offset).") }

    private func unpaired() -> ValueFault {
        ValueFault(.invalidText, "JSON escapes a NUL or half of a surrogate pair near byte \(offset).")
    }
}
