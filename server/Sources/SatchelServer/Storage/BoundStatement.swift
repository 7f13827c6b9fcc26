import GRDB
import GRDBSQLite
import SatchelCore
import SatchelEngine
import SatchelProtocol

/// A prepared statement from the connection's cache, bound and read by hand: on these paths GRDB's argument arrays and rows
/// cost as much as SQLite's own work (DESIGN §8). Reset when it goes out of use, so that it never holds a cursor open; one
/// text must not be in use twice at once.
struct BoundStatement: ~Copyable {
    /// Held, since the cache may let go of it.
    private let statement: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer?
    private var bound: Int32 = 0

    init(_ sql: String, in db: Database) throws {
        statement = try db.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
        connection = db.sqliteConnection
    }

    deinit { sqlite3_reset(handle) }

    // MARK: Binding, in the order of the statement's parameters

    mutating func bind(_ value: Int64) throws { try check(sqlite3_bind_int64(handle, next(), value)) }
    mutating func bind(_ value: Int) throws { try bind(Int64(value)) }
    mutating func bind(_ value: Bool) throws { try bind(value ? 1 : 0 as Int64) }
    mutating func bindNull() throws { try check(sqlite3_bind_null(handle, next())) }

    mutating func bind(_ value: Int64?) throws {
        if let value { try bind(value) } else { try bindNull() }
    }

    mutating func bind(_ value: Double) throws { try check(sqlite3_bind_double(handle, next(), value)) }

    mutating func bind(_ value: String) throws {
        var text = value
        let place = next()
        try check(
            text.withUTF8 { bytes in
                // An empty buffer may have no address, which SQLite would take for NULL.
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    characters.baseAddress.map { sqlite3_bind_text(handle, place, $0, Int32(characters.count), Self.copied) }
                        ?? sqlite3_bind_text(handle, place, "", 0, Self.copied)
                }
            })
    }

    mutating func bind(_ value: String?) throws {
        if let value { try bind(value) } else { try bindNull() }
    }

    mutating func bind(_ value: [UInt8]) throws {
        let place = next()
        guard !value.isEmpty else { return try check(sqlite3_bind_zeroblob(handle, place, 0)) }
        try check(value.withUnsafeBytes { sqlite3_bind_blob(handle, place, $0.baseAddress, Int32($0.count), Self.copied) })
    }

    mutating func bind(_ value: [UInt8]?) throws {
        if let value { try bind(value) } else { try bindNull() }
    }

    mutating func bind(_ value: Value) throws {
        switch value {
        case .null: try bindNull()
        case .integer(let number): try bind(number)
        case .real(let number): try bind(number)
        case .text(let text): try bind(text)
        case .blob(let bytes): try bind(bytes)
        }
    }

    // MARK: Running

    /// - Returns: whether there is a row to read.
    mutating func step() throws -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    /// Runs to the end, and is ready to be bound anew.
    mutating func run() throws {
        while try step() {}
        sqlite3_reset(handle)
        bound = 0
    }

    // MARK: The present row

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func bytes(_ column: Int32) -> [UInt8] {
        let start = sqlite3_column_blob(handle, column)
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// - Throws: `file-damaged` when the text is not UTF-8.
    func text(_ column: Int32) throws -> String {
        let start = sqlite3_column_text(handle, column)
        let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SatchelError.damaged("a text that is not UTF-8")
        }
        return text
    }

    func optionalText(_ column: Int32) throws -> String? { isNull(column) ? nil : try text(column) }

    func value(_ column: Int32) throws -> Value {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT: .text(try text(column))
        case SQLITE_BLOB: .blob(bytes(column))
        default: .null
        }
    }

    /// Tells SQLite to copy what is bound, since it lives only for the call: the C constant is a cast that Swift does not import.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private mutating func next() -> Int32 {
        bound += 1
        return bound
    }

    private func check(_ code: Int32) throws {
        if code != SQLITE_OK { throw failure(code) }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: connection.map { String(cString: sqlite3_errmsg($0)) })
    }
}

extension BoundStatement {
    // 64 bits each, kept as the signed integer of the same bits, or of the same value where order counts.

    mutating func bind(_ value: ReplicaID) throws { try bind(Int64(bitPattern: value.number)) }
    mutating func bind(_ value: Epoch) throws { try bind(Int64(bitPattern: value.number)) }
    mutating func bind(_ value: RootNumber) throws { try bind(Int64(clamping: value.number)) }
    mutating func bind(_ value: Position) throws { try bind(Int64(clamping: value.number)) }
    mutating func bind(_ value: Position?) throws { try bind(value.map { Int64(clamping: $0.number) }) }
    mutating func bind(counter value: UInt64) throws { try bind(Int64(clamping: value)) }

    mutating func bind(_ value: HLC) throws {
        try bind(Int64(bitPattern: value.milliseconds))
        try bind(Int64(value.logical))
    }

    func replica(_ column: Int32) -> ReplicaID { ReplicaID(UInt64(bitPattern: integer(column))) }
    func epoch(_ column: Int32) -> Epoch { Epoch(UInt64(bitPattern: integer(column))) }
    func root(_ column: Int32) -> RootNumber { RootNumber(UInt64(clamping: integer(column))) }
    func position(_ column: Int32) -> Position { Position(UInt64(clamping: integer(column))) }
    func optionalPosition(_ column: Int32) -> Position? { isNull(column) ? nil : position(column) }
    func counter(_ column: Int32) -> UInt64 { UInt64(clamping: integer(column)) }

    /// Of this column and the next.
    func time(_ column: Int32) -> HLC {
        HLC(milliseconds: UInt64(bitPattern: integer(column)), logical: UInt32(truncatingIfNeeded: integer(column + 1)))
    }
}
