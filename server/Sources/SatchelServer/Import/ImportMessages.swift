/// The organisation's tables, as far as a mapping has to know them.
public struct ImportCatalogue: Codable, Sendable, Hashable {
    public struct Table: Codable, Sendable, Hashable {
        public let name: String
        public let fields: [Field]

        public func field(_ name: String) -> Field? { fields.first { $0.name == name } }
    }

    public struct Field: Codable, Sendable, Hashable {
        public let name: String
        /// The table that a reference names.
        public let target: String?
    }

    public let tables: [Table]

    public func table(_ name: String) -> Table? { tables.first { $0.name == name } }
}

/// Rows on their way from the files to the store: at most `ImportLimits.batchRows`, landed in order.
public struct ImportBatch: Codable, Sendable, Hashable {
    /// What the rows of one mapping entry have in common.
    public struct Group: Codable, Sendable, Hashable {
        public let table: String
        public let fields: [String]
    }

    public struct Row: Codable, Sendable, Hashable {
        /// The index of its group.
        public let group: Int
        public let id: String
        /// One text a field, as a person would type it; nil for NULL.
        public let values: [String?]
    }

    public var groups: [Group]
    public var rows: [Row]
    /// Whether a row whose references name nothing is bad, or waits for what later files bring.
    public var isLast: Bool
}

/// What became of one row of a batch.
public enum ImportOutcome: Codable, Sendable, Hashable {
    case landed
    /// It landed, and nothing places it as yet.
    case unplaced
    /// Everything that it says is there already: nothing was written.
    case unchanged
    /// It refers to rows that are not there yet; nothing was written.
    case waiting(for: [ImportTarget])
    case bad([ImportProblem])
}

/// A row that a reference names.
public struct ImportTarget: Codable, Sendable, Hashable {
    public let field: String
    public let table: String
    public let id: String
}

/// One reason why a row did not land. `field` is a column of the file or a field of the table, empty for the row as a whole.
public struct ImportProblem: Codable, Sendable, Hashable {
    public let field: String
    public let reason: String
}

/// What an import did: `rows` met the mapping's conditions; of these `unchanged` wrote nothing and `bad` did not land.
/// (A record that cannot be read counts among both; one of a joined file, which makes no row, among `bad` alone.)
public struct ImportSummary: Codable, Sendable, Hashable {
    public var rows = 0
    public var unchanged = 0
    public var bad = 0

    public init(rows: Int = 0, unchanged: Int = 0, bad: Int = 0) {
        self.rows = rows
        self.unchanged = unchanged
        self.bad = bad
    }
}

/// Takes batches to wherever the store is: in this process, or behind the server's admin socket.
public protocol ImportSink: Sendable {
    func catalogue() async throws -> ImportCatalogue
    /// - Returns: one outcome a row, in order.
    func land(_ batch: ImportBatch) async throws -> [ImportOutcome]
    /// - Returns: how many of these nothing places, by table.
    func unplaced(among names: [ImportRowName]) async throws -> [UnplacedRows]
}

public enum ImportLimits {
    /// Rows of one batch, and so of one transaction: bounds how long an import holds the log's head against reps' pushes.
    static let batchRows = 1_000
    /// Bytes of text after which a batch is sent: with one greatest row more it stays below `AdminLimits.frameBytes`.
    static let batchBytes = 1024 * 1024
    /// Bytes of text of one row: encoded it has to fit a transaction (`Limits.transactionBytes`).
    static let rowBytes = 2 * 1024 * 1024
    /// Rows that may refer to each other in a circle and still land, since they must do so in one transaction.
    static let circleRows = 5_000
    /// Rows that may wait for what they refer to; they are held in memory. A file sorted by its own references needs none.
    static let waitingRows = 500_000
    /// Rows that nothing places as yet, of which the names are kept to ask at the end.
    static let unplacedRows = 500_000
    /// Names in one such question: of the greatest length they stay below `AdminLimits.frameBytes`.
    static let unplacedNames = 5_000
}
