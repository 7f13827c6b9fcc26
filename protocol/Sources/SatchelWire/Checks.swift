import SatchelCore
import SatchelProtocol

/// The bounds that messages share, checked when encoding and when decoding alike.
enum Checks {
    /// A table's or field's name.
    static func name(_ name: String) throws(SatchelError) {
        let bytes = name.utf8
        guard !bytes.isEmpty, bytes.count <= Limits.nameBytes, !bytes.contains(0) else {
            throw .malformed(
                "The name of a table or field is empty, holds NUL, or is longer than \(Limits.nameBytes) bytes."
            )
        }
    }

    static func fields(_ fields: [String]) throws(SatchelError) {
        guard fields.count <= Limits.tableFields else {
            throw .tooLarge("A list of fields is longer than \(Limits.tableFields).")
        }
        for field in fields { try name(field) }
        guard areDistinct(fields) else { throw .malformed("A list of fields names one of them twice.") }
    }

    /// Byte by byte; `String` alone takes canonically equivalent names for equal.
    static func areDistinct(_ names: [String]) -> Bool {
        Set(names).count == names.count || Set(names.map { Array($0.utf8) }).count == names.count
    }

    /// A user's or territory's id.
    static func scopeName(_ name: String) throws(SatchelError) {
        guard name.utf8.count <= Limits.scopeNameBytes else {
            throw .malformed(
                "The id of a user or territory is longer than \(Limits.scopeNameBytes) bytes.")
        }
    }

    static func hash(_ bytes: [UInt8]) throws(SatchelError) {
        guard bytes.count == Limits.hashBytes else {
            throw .malformed("A running hash is \(bytes.count) bytes long and not \(Limits.hashBytes).")
        }
    }

    static func equal(_ count: Int, _ expected: Int, _ what: String) throws(SatchelError) {
        guard count == expected else {
            throw .malformed("There are \(count) \(what) where \(expected) belong.")
        }
    }

    /// A number that this side keeps as an `Int` and the wire without a sign.
    static func unsigned(_ number: Int, _ what: String) throws(SatchelError) -> UInt32 {
        guard let number = UInt32(exactly: number) else {
            throw .malformed("\(what) is out of bounds.")
        }
        return number
    }

    static func value(_ bytes: Int) throws(SatchelError) {
        guard bytes <= Limits.valueBytes else {
            throw .tooLarge("A value is longer than \(Limits.valueBytes) bytes.")
        }
    }
}
