import SatchelCore

/// The tables that an organisation's replicas share, in the order of the schema file. Immutable; a later version may only
/// add (DESIGN §11, "Versions"), so that a field keeps its index for ever.
public struct Schema: Sendable, Hashable {
    public let name: String
    public let version: Int
    public let tables: [Table]
    private let indexes: [String: Int]

    public init(name: String, version: Int, tables: [Table]) {
        self.name = name
        self.version = version
        self.tables = tables
        indexes = Dictionary(tables.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public func tableIndex(_ name: String) -> Int? { indexes[name] }
    public func table(_ name: String) -> Table? { indexes[name].map { tables[$0] } }
}

/// One table. The primary key `id` is implicit and not among the fields.
public struct Table: Sendable, Hashable {
    public let name: String
    public let partition: [PartitionRule]
    public let fields: [Field]
    private let indexes: [String: Int]
    /// Every field.
    public let all: FieldSet
    /// The fields that a partition rule reads: writing one moves the row.
    public let placing: FieldSet

    public init(name: String, partition: [PartitionRule], fields: [Field]) {
        self.name = name
        self.partition = partition
        self.fields = fields
        indexes = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        all = FieldSet(upTo: fields.count)
        placing = FieldSet(partition.compactMap(\.field))
    }

    public func fieldIndex(_ name: String) -> Int? { indexes[name] }
    public func field(_ name: String) -> Field? { indexes[name].map { fields[$0] } }

    /// A table whose only partition is `global` belongs to no territory: a role held anywhere counts there (DESIGN §7).
    public var isOnlyGlobal: Bool { partition == [.global] }

    /// Whether a row's own fields (or the table itself) place it, apart from references that it follows.
    public var isRoot: Bool { partition.contains { $0.through == nil } }
}

/// What places a row into scopes (DESIGN §6). Fields are given by their index in the table.
public enum PartitionRule: Sendable, Hashable {
    case global
    case territory(field: Int)
    case owner(field: Int)
    case through(field: Int)

    public var field: Int? {
        switch self {
        case .global: nil
        case .territory(let field), .owner(let field), .through(let field): field
        }
    }

    public var through: Int? {
        if case .through(let field) = self { return field }
        return nil
    }
}

public struct Field: Sendable, Hashable {
    public let name: String
    public let type: FieldType
    public let merge: MergeKind
    /// A row may not be created, nor the field set, without a value.
    public let isRequired: Bool
    /// May be set when the row is created (by whoever may create it) and only by the write list afterwards.
    public let isCreateOnly: Bool
    /// The greatest length in characters (Unicode scalars) of text, or in bytes of a blob; nil for the type's own limit.
    public let maximumLength: Int?

    public init(
        name: String, type: FieldType, merge: MergeKind = .lww, isRequired: Bool = false, isCreateOnly: Bool = false,
        maximumLength: Int? = nil
    ) {
        self.name = name
        self.type = type
        self.merge = merge
        self.isRequired = isRequired
        self.isCreateOnly = isCreateOnly
        self.maximumLength = maximumLength
    }
}

/// What a field may hold, narrower than a storage class (DESIGN §13).
public enum FieldType: Sendable, Hashable {
    case text, integer, real, decimal, boolean, date, datetime
    case enumeration([String])
    case set, blob, json
    /// A territory's id.
    case territory
    /// A user's id.
    case user
    /// The id of a row of the named table.
    case reference(String)

    /// The word in schema files and on the wire.
    public var word: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .real: "real"
        case .decimal: "decimal"
        case .boolean: "boolean"
        case .date: "date"
        case .datetime: "datetime"
        case .enumeration: "enum"
        case .set: "set"
        case .blob: "blob"
        case .json: "json"
        case .territory: "territory"
        case .user: "user"
        case .reference: "reference"
        }
    }
}
