/// Why a value may not stand in a field. The same fault is found on the replica as a write is made, on the server at
/// ingest, and by an import.
public struct ValueFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The raw values are the registry's codes (`ErrorCode` in SatchelProtocol, which this room does not import).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case typeMismatch = "type-mismatch"
        case valueTooLong = "value-too-long"
        case notInEnumeration = "not-in-enumeration"
        /// Text with a NUL, or JSON that spells one or half of a surrogate pair.
        case invalidText = "invalid-text"
        /// NaN or an infinity, or a number too large for a real.
        case notANumber = "not-a-number"
        case requiredFieldMissing = "required-field-missing"
    }

    public let kind: Kind
    /// One sentence that names the field and what it holds; never the value, which may be a megabyte or a secret.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The registry's code.
    public var code: String { kind.rawValue }
    public var description: String { "\(code): \(message)" }
}

extension FieldType {
    /// What a field of this type holds, in words for a person.
    var expectation: String {
        switch self {
        case .text: "text"
        case .integer: "a whole number between -9223372036854775808 and 9223372036854775807"
        case .real: "a number"
        case .decimal: "an exact decimal such as -12.50, of at most \(DecimalText.maximumDigits) digits"
        case .boolean: "true or false"
        case .date: "a date such as 2026-11-22"
        case .datetime: "a time in UTC, to the millisecond, such as 2026-11-22T06:30:00Z"
        case .enumeration(let values):
            "one of " + values.prefix(20).joined(separator: ", ") + (values.count > 20 ? " …" : "")
        case .set: "a set of texts, such as [\"a\",\"b\"]"
        case .blob: "bytes (base64 where they are written as text)"
        case .json: "JSON text, at most \(JSONText.maximumDepth) levels deep"
        case .territory: "the id of a territory"
        case .user: "the id of a user"
        case .reference(let table): "the id of a row of \(table)"
        }
    }
}
