import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// How the schema's tables lie in the database: for each a table `row_NAME` that holds every row, dead ones included, with
/// one typed column a field for the value shown, and a view `NAME` of the living rows, for people and their tools.
///
/// Columns of our own begin with `satchel_`, which no field's name does. A view whose name is taken by a table of the store
/// is called `satchel_NAME`.
struct StoreLayout: Sendable {
    let schema: Schema
    let tables: [TableLayout]

    init(_ schema: Schema) {
        self.schema = schema
        tables = schema.tables.enumerated().map { TableLayout(index: $0, table: $1) }
    }

    func create(_ db: Database) throws {
        let taken = Set(StorageFormat.tables + schema.tables.map { "row_\($0.name)" })
        for layout in tables {
            let name = layout.table.name
            try layout.create(db, view: taken.contains(name) ? "satchel_\(name)" : name)
        }
    }
}

/// The statements of one table. Parameters and columns stand in the order in which `SQLiteSession` binds and reads them.
struct TableLayout: Sendable {
    let index: Int
    let table: SatchelPolicy.Table
    /// The fields that are indexed: references, which rows are placed and followed by.
    let references: [Int]
    let selectByID: String
    let selectByNumber: String
    /// The id alone, by number.
    let selectID: String
    /// Those that follow an id, in order of id.
    let selectAfterID: String
    let insert: String
    let update: String
    /// Leaves the indexed fields alone: SQLite rewrites the index entry of every column that is set, changed or not.
    let updateUnreferenced: String
    let lastNumber: String
    private let referencing: [Int: String]
    private let storage: String

    /// The columns before the fields, of which the first is the key.
    static let columns = [
        "satchel_number", "id", "satchel_root", "satchel_position", "satchel_alive", "satchel_links", "satchel_state",
    ]

    init(index: Int, table: SatchelPolicy.Table) {
        self.index = index
        self.table = table
        let storage = Self.quoted("row_\(table.name)")
        let fields = table.fields.map { Self.quoted($0.name) }
        let references = table.fields.indices.filter { table.fields[$0].type.isReference }
        let columns = Self.columns + fields
        let select = "SELECT \(columns.joined(separator: ", ")) FROM \(storage) WHERE"
        let settable = Self.columns.dropFirst(2)
        func update(_ names: [String]) -> String {
            let set = names.map { "\($0) = ?" }.joined(separator: ", ")
            return "UPDATE \(storage) SET \(set) WHERE satchel_number = ?"
        }
        self.storage = storage
        self.references = references
        selectByID = "\(select) id = ?"
        selectByNumber = "\(select) satchel_number = ?"
        selectID = "SELECT id FROM \(storage) WHERE satchel_number = ?"
        selectAfterID = "\(select) id > ? ORDER BY id LIMIT ?"
        insert = """
            INSERT INTO \(storage) (\(columns.joined(separator: ", "))) \
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
            """
        self.update = update(settable + fields)
        updateUnreferenced = update(settable + fields.indices.filter { !references.contains($0) }.map { fields[$0] })
        lastNumber = "SELECT max(satchel_number) FROM \(storage)"
        referencing = Dictionary(
            uniqueKeysWithValues: references.map { ($0, "SELECT id FROM \(storage) WHERE \(fields[$0]) = ?") })
    }

    /// Nil when the field is no reference.
    func selectReferencing(field: Int) -> String? { referencing[field] }

    func create(_ db: Database, view: String) throws {
        let fields = table.fields.map { (name: Self.quoted($0.name), type: $0.type.column) }
        let typed = fields.map { "\($0.name) \($0.type)" }
        let own = [
            "satchel_number INTEGER PRIMARY KEY", "id TEXT NOT NULL UNIQUE", "satchel_root INTEGER",
            "satchel_position INTEGER NOT NULL", "satchel_alive INTEGER NOT NULL", "satchel_links BLOB NOT NULL",
            "satchel_state BLOB NOT NULL",
        ]
        try db.execute(sql: "CREATE TABLE \(storage) (\((own + typed).joined(separator: ", "))) STRICT")
        for field in references {
            let name = Self.quoted("row_\(table.name)_by_\(table.fields[field].name)")
            try db.execute(sql: "CREATE INDEX \(name) ON \(storage) (\(fields[field].name))")
        }
        let shown = (["id"] + fields.map(\.name)).joined(separator: ", ")
        try db.execute(sql: "CREATE VIEW \(Self.quoted(view)) AS SELECT \(shown) FROM \(storage) WHERE satchel_alive")
    }

    private static func quoted(_ name: String) -> String { name.quotedDatabaseIdentifier }
}

extension FieldType {
    var isReference: Bool {
        if case .reference = self { return true }
        return false
    }

    /// The column's type. Booleans are 0 and 1; decimals, dates and JSON are their canonical text.
    var column: String {
        switch self {
        case .integer, .boolean: "INTEGER"
        case .real: "REAL"
        case .blob: "BLOB"
        case .text, .decimal, .date, .datetime, .enumeration, .set, .json, .territory, .user, .reference: "TEXT"
        }
    }
}

/// A row by one small integer that is its own in the whole store: the place in its table, then the table in the low bits. The
/// indexes hold it in place of the id.
struct RowNumber: Hashable, Comparable {
    private static let tableBits = 9

    let number: Int64

    init(_ number: Int64) { self.number = number }

    /// The number after the last one given in a table; nil: the first.
    init(after last: Int64?, table: Int) {
        let place = last.map { ($0 >> Int64(Self.tableBits)) + 1 } ?? 0
        number = place << Int64(Self.tableBits) | Int64(table)
    }

    var table: Int { Int(number & (1 << Int64(Self.tableBits) - 1)) }

    static func < (left: RowNumber, right: RowNumber) -> Bool { left.number < right.number }
}
