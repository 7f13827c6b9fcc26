import GRDB
import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Makes a schema's tables, or extends those of an older version, and writes all triggers and views anew.
struct SchemaInstaller {
    let connection: SQLiteConnection
    let schema: Schema
    /// What the file holds now.
    let previous: Schema?

    func install() throws {
        let names = schema.tables.enumerated().map { TableNames(index: $0, table: $1) }
        try refuseLosses()
        try dropGenerated()
        for table in names {
            if let known = previous?.tables.count, table.index < known, let old = previous?.tables[table.index] {
                try extend(table, from: old)
            } else {
                try create(table)
            }
        }
        // Once every table is there, since triggers and views name each other's tables.
        for statement in generated { try execute(statement) }
        try recordFields(names)
    }

    /// The triggers and views, each as SQLite keeps its text in `sqlite_master`.
    var generated: [String] {
        let names = schema.tables.enumerated().map { TableNames(index: $0, table: $1) }
        return names.flatMap { TriggerSQL($0, among: names).all + [hiddenView($0)] }
    }

    static let isGenerated = "\"type\" IN ('trigger', 'view') AND \"name\" GLOB '[_]satchel[_]*'"

    /// A field keeps its index and its meaning for ever: masks, logs and shadows count on it.
    private func refuseLosses() throws {
        guard let previous else { return }
        guard previous.name == schema.name, previous.tables.count <= schema.tables.count else { throw lossy("tables") }
        for (index, old) in previous.tables.enumerated() {
            let new = schema.tables[index]
            guard old.name == new.name, old.fields.count <= new.fields.count else { throw lossy(old.name) }
            for (field, before) in old.fields.enumerated() {
                let after = new.fields[field]
                guard before.name == after.name, before.type.word == after.type.word else {
                    throw lossy("\(old.name).\(before.name)")
                }
            }
        }
    }

    private func lossy(_ what: String) -> SatchelError {
        SatchelError(
            .malformed, "The new version of the schema changes or drops \(what); a schema may only grow.",
            remedy: "Report this to the server's administrator.")
    }

    func dropGenerated() throws {
        let generated = try connection.all(
            "SELECT \"type\", \"name\" FROM \"sqlite_master\" WHERE \(Self.isGenerated)"
        ) { ($0.text(0), $0.text(1)) }
        for (type, name) in generated { try execute("DROP \(type) IF EXISTS \(SQLText.name(name))") }
    }

    private func create(_ table: TableNames) throws {
        guard try connection.database.tableExists(table.table.name) == false,
            try connection.database.viewExists(table.table.name) == false
        else {
            throw SatchelError(
                .alreadyExists,
                "The file has a table “\(table.table.name)” of its own, and the organisation's schema has one too.",
                remedy: "Rename the file's own table, or begin with a new file.")
        }
        let fields = table.table.fields
        let images = table.images.map { ", \(SQLText.name($0))" }.joined()
        try createShown(table)
        try execute(
            "CREATE TABLE \(table.placed) (\"id\" TEXT PRIMARY KEY, \"mask\" INTEGER NOT NULL, \"root\" INTEGER, \"more\" BLOB) WITHOUT ROWID"
        )
        try execute("CREATE INDEX \(SQLText.name("_satchel_under_" + table.table.name)) ON \(table.placed) (\"root\")")
        try execute(
            "CREATE TABLE \(table.made) (\"id\" TEXT, \"mask\" INTEGER, \"rule\" INTEGER, \"open\" INTEGER NOT NULL, PRIMARY KEY (\"id\", \"mask\", \"rule\")) WITHOUT ROWID"
        )
        // Typeless columns, so that values are kept as they are; at most one row each.
        let values = fields.map { ", \(SQLText.name($0.name))" }.joined()
        try execute("CREATE TABLE \(table.captured) (\"id\" TEXT, \"replaced\" INTEGER\(values))")
        try execute("CREATE TABLE \(table.renewed) (\"id\" TEXT\(values))")
        let words = (0..<4).map { ", \"c\($0)\" INTEGER" }.joined()
        try execute(
            "CREATE TABLE \(table.log) (\"seq\" INTEGER PRIMARY KEY, \"op\" INTEGER NOT NULL, \"id\" TEXT NOT NULL\(words)\(images))"
        )
    }

    func createShown(_ table: TableNames) throws {
        let columns = table.table.fields.map { ", \(SQLText.name($0.name)) \($0.type.affinity)" }.joined()
        try execute("CREATE TABLE \(table.shown) (\"id\" TEXT PRIMARY KEY NOT NULL\(columns))")
    }

    private func extend(_ table: TableNames, from old: SatchelPolicy.Table) throws {
        for index in table.table.fields.indices.dropFirst(old.fields.count) {
            let field = table.table.fields[index]
            try execute("ALTER TABLE \(table.shown) ADD COLUMN \(SQLText.name(field.name)) \(field.type.affinity)")
            try execute("ALTER TABLE \(table.captured) ADD COLUMN \(SQLText.name(field.name))")
            try execute("ALTER TABLE \(table.renewed) ADD COLUMN \(SQLText.name(field.name))")
            try execute("ALTER TABLE \(table.log) ADD COLUMN \(SQLText.name(table.images[index]))")
        }
    }

    private func hiddenView(_ table: TableNames) -> String {
        let words = (0..<4).map { "WHEN \($0) THEN g.\"r\($0)\"" }.joined(separator: " ")
        return "CREATE VIEW \(table.hidden) (\"id\", \"field\") AS SELECT p.\"id\", f.\"name\" FROM \(table.placed) AS p"
            + " JOIN \"_satchel_field\" AS f ON f.\"tbl\" = \(table.index)"
            + " LEFT JOIN \"_satchel_right\" AS g ON g.\"key\" = \(table.rightKey("p.\"mask\""))"
            + " WHERE (coalesce(CASE f.\"place\" / 64 \(words) END, 0) >> (f.\"place\" % 64)) & 1 = 0"
    }

    private func recordFields(_ names: [TableNames]) throws {
        try connection.run("DELETE FROM \"_satchel_field\"")
        for table in names {
            for (place, name) in table.fieldNames.enumerated() {
                try connection.run(
                    "INSERT INTO \"_satchel_field\" VALUES (?, ?, ?)", [.number(table.index), .number(place), .text(name)])
            }
        }
        try connection.run(
            "INSERT INTO \"_satchel_schema\" VALUES (1, ?, ?) ON CONFLICT (\"one\") DO UPDATE SET \"version\" = excluded.\"version\", \"content\" = excluded.\"content\"",
            [.number(schema.version), .blob(StoredSchema.encode(schema))])
    }

    private func execute(_ sql: String) throws { try connection.database.execute(sql: sql) }
}

extension FieldType {
    /// The column's declared type. SQLite converts what is written by it (`5000` in a decimal becomes text); the triggers
    /// refuse what it could not convert.
    var affinity: String {
        switch self {
        case .integer, .boolean: "INTEGER"
        case .real: "REAL"
        case .blob: "BLOB"
        case .text, .decimal, .date, .datetime, .enumeration, .set, .json, .territory, .user, .reference: "TEXT"
        }
    }
}
