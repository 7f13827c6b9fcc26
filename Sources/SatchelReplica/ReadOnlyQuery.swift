import Foundation
import GRDB
import SatchelCore
import SatchelProtocol
import SatchelStore

/// What a query gave.
public struct QueryResult: Sendable, Hashable {
    /// One for each column, no two alike: a repeated name has a number behind it.
    public var columns: [String]
    public var rows: [[Value]]

    public init(columns: [String], rows: [[Value]]) {
        self.columns = columns
        self.rows = rows
    }
}

extension Replica {
    /// Runs one statement that only reads, on a connection that cannot write: a `SELECT`, with `WITH` and `EXPLAIN` before it if
    /// wanted. PRAGMA, ATTACH and the like are refused. A hidden cell reads NULL here, as it does for any SQLite client; `rows`
    /// tells the two apart.
    ///
    /// - Throws: `SatchelError`: `.notReadOnly`, `.invalidSQL`.
    public func query(_ sql: String) async throws -> QueryResult {
        try ReadOnlySQL.check(sql)
        return try await file.readOnly { database in
            let statement = try ReadOnlySQL.compile(sql, database)
            var result = QueryResult(columns: ReadOnlySQL.distinct(statement.columnNames), rows: [])
            let rows = try GRDB.Row.fetchCursor(statement)
            while let row = try rows.next() {
                result.rows.append(row.databaseValues.map(Value.init))
            }
            return result
        }
    }
}

enum ReadOnlySQL {
    /// By its first word: SQLite counts ATTACH and most PRAGMAs among the statements that only read.
    static func check(_ sql: String) throws {
        guard let word = firstWord(sql) else {
            throw SatchelError(.invalidSQL, "There is no statement.", remedy: "Give one SELECT.")
        }
        guard ["SELECT", "WITH", "VALUES", "EXPLAIN"].contains(word.uppercased()) else {
            throw notReadOnly("\(word.prefix(20)) is not a statement that only reads.")
        }
    }

    /// - Throws: when there is more than one statement, or it writes.
    static func compile(_ sql: String, _ database: Database) throws -> Statement {
        let statement: Statement
        do {
            statement = try database.makeStatement(sql: sql)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE {
            throw SatchelError(
                .invalidSQL, "This is more than one statement.", remedy: "Give one SELECT.", cause: error.description)
        }
        guard statement.isReadonly else { throw notReadOnly("This statement writes.") }
        return statement
    }

    static func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.map { name in
            var candidate = name
            var number = 1
            while !seen.insert(candidate).inserted {
                number += 1
                candidate = "\(name):\(number)"
            }
            return candidate
        }
    }

    /// Past white space and comments.
    private static func firstWord(_ sql: String) -> Substring? {
        var rest = sql[...]
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == ";" }
            if rest.hasPrefix("--") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                guard let end = rest.range(of: "*/") else { return nil }
                rest = rest[end.upperBound...]
            } else {
                let word = rest.prefix { $0.isLetter }
                return word.isEmpty ? (rest.isEmpty ? nil : rest.prefix(1)) : word
            }
        }
    }

    private static func notReadOnly(_ message: String) -> SatchelError {
        SatchelError(.notReadOnly, message, remedy: "Give one SELECT; to change rows use new, set and delete.")
    }
}

extension Value {
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .real(number)
        case .string(let text): self = .text(text)
        case .blob(let bytes): self = .blob(Array(bytes))
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
}
