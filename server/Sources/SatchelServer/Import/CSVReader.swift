import SatchelProtocol

/// Reads CSV as RFC 4180 describes it, a record at a time, from bytes that come in pieces of any size.
///
/// Fields are separated by commas; a field in quotes may hold commas, line ends and doubled quotes, and every byte of it is
/// kept; a record ends with CRLF, LF or CR; a UTF-8 byte order mark is skipped, and so are empty lines. A fault spoils one record, never
/// the following ones: quotes in the wrong place are taken as text and named. Memory is bounded by `CSVLimits`.
struct CSVReader {
    private enum Place {
        case recordStart
        case fieldStart
        case unquoted
        case quoted
        /// Behind a quote in a quoted field: the first half of a doubled one, or the closing one.
        case afterQuote
    }

    private let source: () throws -> [UInt8]
    private var chunk: [UInt8] = []
    private var offset = 0
    private var isAtEnd = false
    private var isAtStart = true

    private var place = Place.recordStart
    private var line = 1
    private var endedWithReturn = false
    private var quoteLine = 0
    private var draft = CSVDraft(line: 1)

    /// - Parameter source: gives the next bytes at each call; none at the end.
    init(source: @escaping () throws -> [UInt8]) { self.source = source }

    /// The next record; nil at the end.
    /// - Throws: what the source throws, and `file-invalid` for a file in UTF-16.
    mutating func next() throws -> CSVRecord? {
        if isAtStart { try skipByteOrderMark() }
        while true {
            while offset < chunk.count {
                if place == .unquoted || place == .quoted { takeRun() }
                guard offset < chunk.count else { break }
                let byte = chunk[offset]
                offset += 1
                if let record = take(byte) { return record }
            }
            guard !isAtEnd else { return finish() }
            try fill()
        }
    }

    private mutating func fill() throws {
        chunk = try source()
        offset = 0
        isAtEnd = chunk.isEmpty
    }

    private mutating func skipByteOrderMark() throws {
        isAtStart = false
        var start: [UInt8] = []
        while start.count < 3, !isAtEnd {
            try fill()
            start += chunk
        }
        isAtEnd = false
        chunk = start
        if start.starts(with: [0xEF, 0xBB, 0xBF]) {
            offset = 3
        } else if start.starts(with: [0xFE, 0xFF]) || start.starts(with: [0xFF, 0xFE]) {
            throw SatchelError(.fileInvalid, "The file is in UTF-16.", remedy: "Export it as UTF-8.")
        } else {
            offset = 0
        }
    }

    /// Takes plain bytes up to the next one that means something.
    private mutating func takeRun() {
        let start = offset
        let isQuoted = place == .quoted
        var at = start
        while at < chunk.count {
            let byte = chunk[at]
            if byte == Byte.quote || byte == Byte.newline || byte == Byte.carriageReturn { break }
            if byte == Byte.comma, !isQuoted { break }
            at += 1
        }
        guard at > start else { return }
        endedWithReturn = false
        draft.append(chunk[start..<at], line: line)
        offset = at
    }

    /// - Returns: the record that this byte ends.
    private mutating func take(_ byte: UInt8) -> CSVRecord? {
        let endsLine = byte == Byte.newline || byte == Byte.carriageReturn
        let isSecondHalf = byte == Byte.newline && endedWithReturn
        endedWithReturn = byte == Byte.carriageReturn
        if endsLine, !isSecondHalf { line += 1 }
        switch place {
        case .recordStart:
            guard !endsLine else { return nil }
            draft = CSVDraft(line: line)
            begin(byte)
        case .fieldStart:
            if endsLine { return endRecord() }
            begin(byte)
        case .unquoted:
            if endsLine { return endRecord() }
            takeUnquoted(byte)
        case .quoted:
            if byte == Byte.quote { place = .afterQuote } else { draft.append([byte], line: line) }
        case .afterQuote:
            if endsLine { return endRecord() }
            takeAfterQuote(byte)
        }
        return nil
    }

    private mutating func begin(_ byte: UInt8) {
        switch byte {
        case Byte.quote:
            quoteLine = line
            place = .quoted
        case Byte.comma: endField()
        default:
            draft.append([byte], line: line)
            place = .unquoted
        }
    }

    private mutating func takeUnquoted(_ byte: UInt8) {
        switch byte {
        case Byte.comma: endField()
        case Byte.quote:
            draft.add(.strayQuote, line: line)
            draft.append([byte], line: line)
        default: draft.append([byte], line: line)
        }
    }

    private mutating func takeAfterQuote(_ byte: UInt8) {
        switch byte {
        case Byte.comma: endField()
        case Byte.quote:
            draft.append([byte], line: line)
            place = .quoted
        default:
            draft.add(.textAfterQuote, line: line)
            draft.append([byte], line: line)
            place = .unquoted
        }
    }

    private mutating func endField() {
        draft.endField(line: line)
        place = .fieldStart
    }

    private mutating func endRecord() -> CSVRecord {
        draft.endField(line: line)
        place = .recordStart
        return draft.record
    }

    private mutating func finish() -> CSVRecord? {
        if place == .recordStart { return nil }
        if place == .quoted { draft.add(.unterminatedQuote, line: quoteLine) }
        return endRecord()
    }
}

enum Byte {
    static let quote = UInt8(ascii: "\"")
    static let comma = UInt8(ascii: ",")
    static let newline: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
}

/// A record while it is read: bounded, whatever the file holds.
private struct CSVDraft {
    private(set) var record: CSVRecord
    private var field: [UInt8] = []
    private var bytes = 0

    init(line: Int) { record = CSVRecord(line: line, fields: [], faults: []) }

    mutating func append(_ more: some Collection<UInt8>, line: Int) {
        guard field.count + more.count <= CSVLimits.fieldBytes else { return add(.fieldTooLong, line: line) }
        guard bytes + more.count <= CSVLimits.recordBytes else { return add(.recordTooLong, line: line) }
        bytes += more.count
        field.append(contentsOf: more)
    }

    mutating func add(_ kind: CSVFault.Kind, line: Int) {
        // Once a field says enough, and keeps a file of nothing but quotes from filling memory with faults.
        let index = record.fields.count
        guard !record.faults.contains(where: { $0.field == index && $0.kind == kind }), record.faults.count < 64 else { return }
        record.faults.append(CSVFault(kind: kind, field: index, line: line))
    }

    mutating func endField(line: Int) {
        defer { field.removeAll(keepingCapacity: true) }
        guard record.fields.count < CSVLimits.fields else { return add(.tooManyFields, line: line) }
        if let text = String(validating: field, as: UTF8.self) {
            record.fields.append(text)
        } else {
            add(.notUTF8, line: line)
            record.fields.append("")
        }
    }
}
