import GRDB
import GRDBSQLite
import SatchelCore

/// What a column holds, read without trusting it: SQLite stores any bytes as text, and GRDB would mend them silently.
enum ReadCell: Sendable, Hashable {
    case value(Value)
    /// Text that is not UTF-8, as it came in through `CAST` or a careless program.
    case invalidText([UInt8])

    /// The value, broken text mended: for rows that were checked when they were written.
    var mended: Value {
        switch self {
        case .value(let value): value
        case .invalidText(let bytes): .text(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// A statement bound and stepped by hand: no argument arrays, no copies beyond SQLite's own (DESIGN §8, the hot paths).
///
/// GRDB's observation does not see what is written this way; `SQLiteConnection.touched` is how it is told.
struct Prepared {
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    let statement: Statement
    let handle: OpaquePointer

    func bind(_ value: Value, at index: Int) throws {
        switch value {
        case .null: try check(sqlite3_bind_null(handle, CInt(index)))
        case .integer(let number): try bind(number, at: index)
        case .real(let number): try check(sqlite3_bind_double(handle, CInt(index), number))
        case .text(let text): try bind(text, at: index)
        case .blob(let bytes): try bind(bytes, at: index)
        }
    }

    func bind(_ number: Int64, at index: Int) throws { try check(sqlite3_bind_int64(handle, CInt(index), number)) }

    func bind(_ text: String, at index: Int) throws {
        var text = text
        let code = text.withUTF8 { bytes in
            // An empty buffer has no address, and a null address would bind NULL.
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.isEmpty
                    ? sqlite3_bind_text(handle, CInt(index), "", 0, Self.transient)
                    : sqlite3_bind_text(handle, CInt(index), characters.baseAddress, CInt(characters.count), Self.transient)
            }
        }
        try check(code)
    }

    func bind(_ bytes: [UInt8], at index: Int) throws {
        let code = bytes.withUnsafeBytes { buffer in
            buffer.isEmpty
                ? sqlite3_bind_zeroblob(handle, CInt(index), 0)
                : sqlite3_bind_blob(handle, CInt(index), buffer.baseAddress, CInt(buffer.count), Self.transient)
        }
        try check(code)
    }

    /// - Returns: whether there is a row.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = fault()
            reset()
            throw error
        }
    }

    /// Runs to the end and is ready for the next binding.
    func run() throws {
        while try step() {}
        sqlite3_reset(handle)
    }

    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // MARK: Columns

    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, CInt(column)) }
    func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, CInt(column)) == SQLITE_NULL }
    func text(_ column: Int) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func bytes(_ column: Int) -> [UInt8] {
        let isText = sqlite3_column_type(handle, CInt(column)) == SQLITE_TEXT
        let address: UnsafeRawPointer? =
            isText
            ? sqlite3_column_text(handle, CInt(column)).map { UnsafeRawPointer($0) } : sqlite3_column_blob(handle, CInt(column))
        let count = Int(sqlite3_column_bytes(handle, CInt(column)))
        guard let address, count > 0 else { return [] }
        return Array(UnsafeRawBufferPointer(start: address, count: count))
    }

    func cell(_ column: Int) -> ReadCell {
        switch sqlite3_column_type(handle, CInt(column)) {
        case SQLITE_INTEGER: return .value(.integer(integer(column)))
        case SQLITE_FLOAT: return .value(.real(sqlite3_column_double(handle, CInt(column))))
        case SQLITE_TEXT:
            let bytes = bytes(column)
            return String(validating: bytes, as: UTF8.self).map { .value(.text($0)) } ?? .invalidText(bytes)
        case SQLITE_BLOB: return .value(.blob(bytes(column)))
        default: return .value(.null)
        }
    }

    func value(_ column: Int) -> Value { cell(column).mended }

    private func check(_ code: CInt) throws {
        if code != SQLITE_OK { throw fault() }
    }

    private func fault() -> DatabaseError {
        let connection = sqlite3_db_handle(handle)
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: sqlite3_errmsg(connection).map { String(cString: $0) })
    }
}
