import Foundation
import GRDB
import SatchelCore

/// The rows of a joined file by key: in memory while they are few, in a private temporary SQLite database beyond that, so
/// that a file of any size can be joined.
struct JoinIndex {
    struct Row: Sendable, Hashable {
        let line: Int
        /// The columns that the mapping uses.
        let values: [String]
    }

    /// Bytes of keys and values held in memory: a file of some hundred thousand short rows.
    static let memoryBytes = 64 * 1024 * 1024
    /// Rows written to the database at a time.
    private static let spillRows = 10_000

    private let limit: Int
    private var memory: [String: Row] = [:]
    private var bytes = 0
    private var database: DatabaseQueue?

    /// - Parameter limit: bytes held in memory; tests make it small.
    init(limit: Int = JoinIndex.memoryBytes) { self.limit = limit }

    var isSpilled: Bool { database != nil }

    /// One text for several columns. Nil when one is empty: an empty column is NULL, and NULL joins nothing.
    static func key(_ parts: [String]) -> String? {
        guard !parts.contains(where: \.isEmpty) else { return nil }
        guard parts.count > 1 else { return parts.first }
        return parts.map { "\($0.utf8.count):\($0)" }.joined()
    }

    /// - Returns: the row that has this key already, which stays.
    mutating func insert(_ row: Row, key: String) throws -> Row? {
        if let known = try self[key] { return known }
        memory[key] = row
        bytes += row.values.reduce(key.utf8.count + 64) { $0 + $1.utf8.count + 16 }
        if bytes > limit || (database != nil && memory.count >= Self.spillRows) { try spill() }
        return nil
    }

    subscript(key: String) -> Row? {
        get throws {
            if let row = memory[key] { return row }
            guard let database else { return nil }
            let found = try database.read { connection in
                try GRDB.Row.fetchOne(
                    connection, sql: "SELECT line, cells FROM joined WHERE key = ?", arguments: [Data(key.utf8)])
            }
            guard let found else { return nil }
            return Row(line: found["line"], values: try Self.decode(found["cells"]))
        }
    }

    private mutating func spill() throws {
        // An empty path is SQLite's name for a database on disk that is deleted when it is closed.
        let database = try self.database ?? Self.create()
        self.database = database
        let rows = memory
        try database.write { connection in
            let insert = try connection.makeStatement(sql: "INSERT INTO joined (key, line, cells) VALUES (?, ?, ?)")
            for (key, row) in rows {
                try insert.execute(arguments: [Data(key.utf8), row.line, Self.encode(row.values)])
            }
        }
        memory = [:]
        bytes = 0
    }

    private static func create() throws -> DatabaseQueue {
        let database = try DatabaseQueue(path: "")
        try database.writeWithoutTransaction { connection in
            // Nothing in it outlives the process, so that no write need be durable.
            try connection.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            try connection.execute(
                sql: "CREATE TABLE joined (key BLOB PRIMARY KEY, line INTEGER NOT NULL, cells BLOB NOT NULL)")
        }
        return database
    }

    private static func encode(_ values: [String]) -> Data {
        var writer = ByteWriter()
        for value in values { writer.string(Array(value.utf8)) }
        return Data(writer.bytes)
    }

    private static func decode(_ bytes: Data) throws -> [String] {
        var reader = ByteReader(Array(bytes))
        var values: [String] = []
        while !reader.isAtEnd { values.append(try reader.text()) }
        return values
    }
}
