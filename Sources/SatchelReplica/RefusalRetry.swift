import GRDB
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore

/// A refused change as SQL, so that it is judged and logged as any new write is.
struct RefusalRetry {
    let refusal: LocalRefusal

    init(_ refusal: LocalRefusal) { self.refusal = refusal }

    func write(_ database: Database) throws {
        let statement = RowStatement(table: refusal.table, id: refusal.row)
        let values = refusal.cells.map { ($0.field, $0.value) }
        switch refusal.operation {
        case .insert where refusal.field == nil: try statement.insert(values, database)
        case .insert, .update: try statement.update(values, database)
        case .delete: try statement.delete(database)
        }
    }
}

/// The three statements on one row by its id.
struct RowStatement {
    let table: String
    let id: RowID

    func insert(_ values: [(String, Value)], _ database: Database) throws {
        let names = ["id"] + values.map(\.0)
        try database.execute(
            sql: "INSERT INTO \(Self.name(table)) (\(names.map(Self.name).joined(separator: ", ")))"
                + " VALUES (\(Array(repeating: "?", count: names.count).joined(separator: ", ")))",
            arguments: StatementArguments([id.text.databaseValue] + values.map(\.1.databaseValue)))
    }

    /// - Throws: `.notFound` when the row is not there.
    func update(_ values: [(String, Value)], _ database: Database) throws {
        try mustExist(database)
        guard !values.isEmpty else { return }
        let assignments = values.map { Self.name($0.0) + " = ?" }.joined(separator: ", ")
        try database.execute(
            sql: "UPDATE \(Self.name(table)) SET \(assignments) WHERE \"id\" = ?",
            arguments: StatementArguments(values.map(\.1.databaseValue) + [id.text.databaseValue]))
    }

    /// - Throws: `.notFound` when the row is not there.
    func delete(_ database: Database) throws {
        try mustExist(database)
        try database.execute(sql: "DELETE FROM \(Self.name(table)) WHERE \"id\" = ?", arguments: [id.text])
    }

    private func mustExist(_ database: Database) throws {
        let found = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM \(Self.name(table)) WHERE \"id\" = ?)", arguments: [id.text])
        guard found == true else {
            throw SatchelError(
                .notFound, "There is no row \(id) in \(table) here.", remedy: "List the table to see which rows are here.")
        }
    }

    /// Quoted.
    static func name(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
