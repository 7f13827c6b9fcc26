import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// `schema.yaml`: the tables, their fields and how rows are placed (DESIGN §13).
public enum SchemaFile {
    /// - Parameter path: at most 2 MiB are read.
    public static func load(path: String) throws(FileProblems) -> Schema {
        try read(try TextFile.bytes(path: path, most: FileLimits.definitionBytes), file: TextFile.name(path))
    }

    /// - Parameter file: what problems shall call it.
    /// - Throws: all problems found.
    public static func read(_ bytes: some Collection<UInt8>, file: String) throws(FileProblems) -> Schema {
        let tree = try YAMLReader.read(bytes, file: file, most: FileLimits.definitionBytes)
        var reader = SchemaReader(problems: ProblemList(file: file))
        return try reader.schema(tree)
    }
}

struct SchemaReader {
    /// A table as far as it is read: its fields may be known before what they refer to.
    struct Draft {
        let name: String
        let line: Int
        var fields: [Field] = []
        /// Names written, even where the rest of the field is wrong, so that one fault gives one problem.
        var declared: Set<String> = []
        var partition: [PartitionRule] = []
        var partitionLine: Int

        func fieldIndex(_ name: String) -> Int? { fields.firstIndex { $0.name == name } }
    }

    var problems: ProblemList
    var tableNames: Set<String> = []

    mutating func schema(_ tree: YAMLTree) throws(FileProblems) -> Schema {
        var drafts: [Draft] = []
        let keys = problems.keys(of: tree, "a schema", ["schema", "version", "tables"]) ?? [:]
        let name = problems.require(keys, "schema", tree.line, "The schema").flatMap { schemaName($0) }
        let version = problems.require(keys, "version", tree.line, "The schema").flatMap {
            problems.integer($0, 1...Int(Int32.max))
        }
        if let entry = problems.require(keys, "tables", tree.line, "The schema") {
            let entries = problems.entries(of: entry.value, "the tables") ?? []
            tableNames = Set(entries.map(\.key))
            if entries.count > Limits.schemaTables {
                problems.add(
                    entry.line, "The schema has \(entries.count) tables.", remedy: "\(Limits.schemaTables) are the most.",
                    code: .tooLarge)
            }
            drafts = entries.map { table($0) }
        }
        checkPlacement(drafts)
        // A table of too many fields cannot even be built.
        try problems.throwIfAny()
        let tables = drafts.map { Table(name: $0.name, partition: $0.partition, fields: $0.fields) }
        return Schema(name: name ?? "", version: version ?? 0, tables: tables)
    }

    private mutating func schemaName(_ entry: YAMLTree.Entry) -> String? {
        problems.text(entry.value, "The schema's name", line: entry.line).flatMap {
            problems.checkName($0, "a schema", entry.line) ? $0 : nil
        }
    }

    private mutating func table(_ entry: YAMLTree.Entry) -> Draft {
        var draft = Draft(name: entry.key, line: entry.line, partitionLine: entry.line)
        checkTableName(entry)
        guard
            let keys = problems.keys(
                of: entry.value, "a table", ["partition", "delete", "fields"], unbuilt: ["unique"])
        else { return draft }
        if let delete = keys["delete"] { checkDelete(delete) }
        if let fields = problems.require(keys, "fields", entry.line, "The table \(entry.key)") { readFields(fields, &draft) }
        if let rules = problems.require(keys, "partition", entry.line, "The table \(entry.key)") {
            readPartition(rules, &draft)
        }
        return draft
    }

    private mutating func checkTableName(_ entry: YAMLTree.Entry) {
        guard problems.checkName(entry.key, "a table", entry.line) else { return }
        if ReservedNames.isReservedTable(entry.key) {
            problems.add(
                entry.line, "The table name \(entry.key) is reserved.",
                remedy: "Choose a name that is not include and does not begin with satchel_, sqlite_ or grdb_.")
        }
    }

    private mutating func checkDelete(_ entry: YAMLTree.Entry) {
        switch problems.text(entry.value, "delete", line: entry.line) {
        case nil, "wins": break
        case "yields": problems.notBuilt(entry.line, "delete: yields")
        case .some(let other):
            problems.add(
                entry.line, "\(quoted(other)) is no way to treat deletes.", remedy: "Write delete: wins, or leave it out.")
        }
    }

    private mutating func readFields(_ entry: YAMLTree.Entry, _ draft: inout Draft) {
        guard let entries = problems.entries(of: entry.value, "the fields of a table") else { return }
        if entries.isEmpty || entries.count > Limits.tableFields {
            problems.add(
                entry.line, "The table \(draft.name) has \(entries.count) fields.",
                remedy: "A table has 1 to \(Limits.tableFields) besides id.", code: entries.isEmpty ? .fileInvalid : .tooLarge)
        }
        for entry in entries {
            draft.declared.insert(entry.key)
            if let field = field(entry) { draft.fields.append(field) }
        }
    }
}

/// Names that would collide with what Satchel or a database keeps beside the schema's own.
enum ReservedNames {
    static func isReservedTable(_ name: String) -> Bool {
        // `include` stands beside tables in a role of the policy.
        name == "include" || ["satchel_", "sqlite_", "grdb_"].contains { name.hasPrefix($0) }
    }

    static func isReservedField(_ name: String) -> Bool {
        // SQLite's names for its row number and PostgreSQL's system columns; `id` is implicit in every table.
        ["id", "rowid", "oid", "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"].contains(name)
            || ["satchel_", "sqlite_"].contains { name.hasPrefix($0) }
    }
}
