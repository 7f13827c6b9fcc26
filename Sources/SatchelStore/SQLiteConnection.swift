import GRDB
import SatchelCore

/// Short forms for the statements of one access to the file, and the list of tables that GRDB's observers must hear of.
final class SQLiteConnection {
    let database: Database
    /// Tables written by hand since this was made.
    var touched: Set<String> = []

    init(_ database: Database) { self.database = database }

    /// Compiled once and kept by the connection.
    func prepare(_ sql: String) throws -> Prepared {
        let statement = try database.cachedStatement(sql: sql)
        return Prepared(statement: statement, handle: statement.sqliteStatement)
    }

    /// - Returns: the number of rows changed.
    @discardableResult
    func run(_ sql: String, _ values: [Value] = []) throws -> Int {
        let statement = try prepare(sql)
        defer { statement.reset() }
        for (index, value) in values.enumerated() { try statement.bind(value, at: index + 1) }
        try statement.run()
        return database.changesCount
    }

    func all<Read>(_ sql: String, _ values: [Value] = [], _ read: (Prepared) throws -> Read) throws -> [Read] {
        let statement = try prepare(sql)
        defer { statement.reset() }
        for (index, value) in values.enumerated() { try statement.bind(value, at: index + 1) }
        var out: [Read] = []
        while try statement.step() { out.append(try read(statement)) }
        return out
    }

    func first<Read>(_ sql: String, _ values: [Value] = [], _ read: (Prepared) throws -> Read) throws -> Read? {
        let statement = try prepare(sql)
        defer { statement.reset() }
        for (index, value) in values.enumerated() { try statement.bind(value, at: index + 1) }
        return try statement.step() ? try read(statement) : nil
    }

    func exists(_ sql: String, _ values: [Value] = []) throws -> Bool {
        try first("SELECT EXISTS (\(sql))", values) { $0.integer(0) } == 1
    }

    /// Tells observers of this process's pool what was written past them.
    func notify() throws {
        for name in touched.sorted() where try database.tableExists(name) {
            try database.notifyChanges(in: GRDB.Table(name))
        }
        touched = []
    }
}

extension Value {
    static func text(_ id: RowID) -> Value { .text(id.text) }
    static func number(_ number: Int) -> Value { .integer(Int64(number)) }
    /// The same 64 bits, as SQLite's integers are signed.
    static func bits(_ number: UInt64) -> Value { .integer(Int64(bitPattern: number)) }
    static func optional(_ text: String?) -> Value { text.map { .text($0) } ?? .null }
}
