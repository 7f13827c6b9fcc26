import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore

extension Replica {
    /// One row; nil when it is absent or not visible, which look the same.
    ///
    /// - Throws: `SatchelError` `.unknownTable`.
    public func row(_ table: String, _ id: RowID) async throws -> ReplicaRow? {
        try await file.read { reader in
            let fetch = try RowFetch(table, reader)
            return try fetch.rows(where: "\"id\" = ?", arguments: [id.text], limit: 1).first
        }
    }

    /// The rows of a table in the order of their ids, each cell told hidden from NULL.
    ///
    /// - Parameters:
    ///   - condition: one SQL expression over the table's fields; nil for every row. Values belong into `arguments`.
    ///   - limit: at most so many; nil for all.
    /// - Throws: `SatchelError`: `.unknownTable`, `.invalidSQL`.
    public func rows(
        _ table: String, where condition: String? = nil, arguments: [Value] = [], limit: Int? = nil
    ) async throws -> [ReplicaRow] {
        if let condition { try SQLCondition.check(condition) }
        return try await file.read { reader in
            let fetch = try RowFetch(table, reader)
            return try fetch.rows(
                where: condition, arguments: StatementArguments(arguments.map(\.databaseValue)), limit: limit)
        }
    }

    /// Reads with GRDB, or with SQL. Hidden cells read NULL here.
    ///
    /// - Throws: what `work` throws; errors of the file as `SatchelError`.
    public func read<Result: Sendable>(_ work: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await file.readOnly(work)
    }
}

/// Rows of one table with their masks, within one read of the file.
struct RowFetch {
    let table: SatchelPolicy.Table
    private let index: Int
    private let reader: ReplicaReader

    init(_ name: String, _ reader: ReplicaReader) throws {
        let (schema, index) = try Replica.table(name, reader)
        table = schema.tables[index]
        self.index = index
        self.reader = reader
    }

    /// - Parameter condition: has passed `SQLCondition`, or is our own.
    func rows(where condition: String?, arguments: StatementArguments, limit: Int?) throws -> [ReplicaRow] {
        let names = table.fields.map(\.name)
        var sql =
            "SELECT \((["id"] + names).map(RowStatement.name).joined(separator: ", ")) FROM \(RowStatement.name(table.name))"
        // On lines of its own: nothing in the condition reaches beyond them.
        if let condition { sql += " WHERE (\n\(condition)\n)" }
        sql += " ORDER BY \"id\""
        if let limit { sql += " LIMIT \(limit)" }
        let statement = try ReadOnlySQL.compile(sql, reader.database)
        let cursor = try GRDB.Row.fetchCursor(statement, arguments: arguments)
        var rows: [ReplicaRow] = []
        while let row = try cursor.next() {
            guard case .text(let text)? = row.databaseValues.first.map(Value.init), let id = RowID(text) else { continue }
            rows.append(ReplicaRow(table: table.name, id: id, fields: names, cells: try cells(id, row)))
        }
        return rows
    }

    private func cells(_ id: RowID, _ row: GRDB.Row) throws -> [Cell] {
        let readable = try reader.readable(RowKey(table: index, id: id))
        return row.databaseValues.dropFirst().enumerated().map { field, value in
            if let readable, !readable.contains(field) { return .hidden }
            return .value(Value(value))
        }
    }
}
