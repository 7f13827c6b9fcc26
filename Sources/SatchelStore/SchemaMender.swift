import GRDB
import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Notices when another program rebuilt a table or took triggers away, and puts the schema's tables, triggers and views
/// right. What was written meanwhile no trigger logged: only a full run of a pull finds it.
struct SchemaMender {
    let connection: SQLiteConnection
    let schema: Schema

    private var installer: SchemaInstaller { SchemaInstaller(connection: connection, schema: schema, previous: schema) }
    private var tables: [TableNames] { schema.tables.enumerated().map { TableNames(index: $0, table: $1) } }

    /// What is not as it was made, in words for the log; empty when all is.
    func faults() throws -> [String] {
        var faults: [String] = []
        for table in tables {
            let columns = try columns(table)
            if columns.isEmpty {
                faults.append("the table \(table.table.name) is gone")
            } else if try !missing(table, columns).isEmpty || !isKeyed(table) {
                faults.append("the table \(table.table.name) was rebuilt")
            }
        }
        let found = try connection.all(
            "SELECT \"sql\" FROM \"sqlite_master\" WHERE \(SchemaInstaller.isGenerated)", [], { $0.text(0) })
        if Set(found) != Set(installer.generated) { faults.append("triggers are missing or changed") }
        return faults
    }

    /// - Throws: `already-exists` when something else has a table's name, or rows that cannot be told apart.
    func mend() throws {
        try installer.dropGenerated()
        for table in tables {
            let columns = try columns(table)
            if columns.isEmpty {
                try installer.createShown(table)
            } else {
                try complete(table, columns)
            }
            connection.touched.insert(table.table.name)
        }
        for statement in installer.generated { try connection.database.execute(sql: statement) }
        try connection.run("UPDATE \"_satchel_control\" SET \"unlogged\" = 1")
    }

    private func complete(_ table: TableNames, _ columns: Set<String>) throws {
        let name = table.table.name
        let isTable = "SELECT 1 FROM \"sqlite_master\" WHERE \"type\" = 'table' AND \"name\" = ? COLLATE NOCASE"
        guard columns.contains("id"), try connection.exists(isTable, [.text(name)]) else { throw Self.taken(name) }
        for field in missing(table, columns) {
            try connection.database.execute(
                sql: "ALTER TABLE \(table.shown) ADD COLUMN \(SQLText.name(field.name)) \(field.type.affinity)")
        }
        if try isKeyed(table) { return }
        let isAmbiguous = try connection.exists("SELECT 1 FROM \(table.shown) GROUP BY \"id\" HAVING count(*) > 1")
        if isAmbiguous { throw Self.taken(name) }
        try connection.database.execute(
            sql: "CREATE UNIQUE INDEX \(SQLText.name("_satchel_id_" + name)) ON \(table.shown) (\"id\")")
    }

    private static func taken(_ name: String) -> SatchelError {
        SatchelError(
            .alreadyExists, "Another program put something in the place of the table “\(name)” that cannot stand there.",
            remedy: "Rename or drop it: the table is made anew, and the next sync fills it.")
    }

    // MARK: What is there

    /// In lower case, as SQLite compares them.
    private func columns(_ table: TableNames) throws -> Set<String> {
        Set(
            try connection.all(
                "SELECT \"name\" FROM pragma_table_info(?)", [.text(table.table.name)], { $0.text(0).lowercased() }))
    }

    private func missing(_ table: TableNames, _ columns: Set<String>) -> [Field] {
        table.table.fields.filter { !columns.contains($0.name.lowercased()) }
    }

    /// Whether no two rows can have one id: a copy made by CREATE TABLE AS has no primary key.
    private func isKeyed(_ table: TableNames) throws -> Bool {
        try connection.exists(
            """
            SELECT 1 FROM pragma_index_list(?) AS l WHERE l."unique" AND NOT l."partial"
                AND (SELECT group_concat(lower(i."name")) FROM pragma_index_info(l."name") AS i) = 'id'
            """, [.text(table.table.name)])
    }
}
