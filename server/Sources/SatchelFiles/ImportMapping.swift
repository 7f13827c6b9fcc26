/// `import.yaml`: which columns of which CSV files become which fields of which tables (COMMANDS.md, "import.yaml").
public struct ImportMapping: Sendable, Hashable {
    /// What problems call the mapping's own file.
    public let name: String
    /// In the file's order.
    public let entries: [Entry]

    /// One CSV file read into one table.
    public struct Entry: Sendable, Hashable {
        public let line: Int
        public let file: String
        public let joins: [Join]
        /// All must hold.
        public let conditions: [Condition]
        public let table: String
        public let tableLine: Int
        public let id: ImportTemplate
        public let fields: [FieldRule]
    }

    /// A left join: the row of another file with the same key, if there is one.
    public struct Join: Sendable, Hashable {
        public let line: Int
        public let file: String
        /// Columns of the row so far (of the entry's file, or `alias.column` of an earlier join) beside columns of the joined file.
        public let on: [Pair]
        /// How the entry names its columns: `alias.column`.
        public let alias: String

        public struct Pair: Sendable, Hashable {
            public let line: Int
            public let left: String
            public let right: String
        }
    }

    /// That a column's text is exactly this; empty text is an empty column.
    public struct Condition: Sendable, Hashable {
        public let line: Int
        public let column: String
        public let text: String
    }

    public struct FieldRule: Sendable, Hashable {
        public let line: Int
        public let field: String
        public let value: ImportTemplate
    }
}
