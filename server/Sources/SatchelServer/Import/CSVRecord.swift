/// One record of a CSV file, with where it stood and what was wrong with it.
struct CSVRecord: Sendable, Hashable {
    /// The line of its first byte, from 1.
    let line: Int
    var fields: [String]
    var faults: [CSVFault]
}

/// What is wrong inside one record. The record is read to its end all the same, so that the next one is found.
struct CSVFault: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// A quote in a field that does not begin with one.
        case strayQuote
        /// Something between a closing quote and the next comma.
        case textAfterQuote
        /// The file ended inside quotes.
        case unterminatedQuote
        case notUTF8
        case fieldTooLong
        case recordTooLong
        case tooManyFields
    }

    let kind: Kind
    /// The field's index in the record, from 0.
    let field: Int
    /// The line where the fault stands: in a field of several lines it may lie below the record's own.
    let line: Int

    var reason: String {
        switch kind {
        case .strayQuote:
            "line \(line) has a quote inside a field that does not begin with one; put the field in quotes and double it"
        case .textAfterQuote: "line \(line) has text after a closing quote; double every quote inside a quoted field"
        case .unterminatedQuote: "the quote opened on line \(line) is never closed"
        case .notUTF8: "the text is not UTF-8"
        case .fieldTooLong: "the field is longer than \(CSVLimits.fieldBytes) bytes"
        case .recordTooLong: "the record is longer than \(CSVLimits.recordBytes) bytes"
        case .tooManyFields: "the record has more than \(CSVLimits.fields) fields"
        }
    }
}

/// Bounds on what one record may hold in memory. What goes beyond is read past, and the record is bad.
enum CSVLimits {
    /// Bytes of one field: a value of the greatest size (`Limits.valueBytes`) written as base64 fits.
    static let fieldBytes = 2 * 1024 * 1024
    /// Bytes of one record: a row has to fit one transaction (`Limits.transactionBytes`), and not every column is used.
    static let recordBytes = 8 * 1024 * 1024
    /// Fields of one record: SQL databases export at most some 1,600 columns.
    static let fields = 4096
    /// Bytes read at a time.
    static let chunkBytes = 64 * 1024
}
