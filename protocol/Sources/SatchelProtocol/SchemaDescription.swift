/// A schema as it travels. Plain words throughout: a client that does not know one refuses the schema with `upgrade-client`.
public struct SchemaDescription: Sendable, Hashable {
    public struct TableDescription: Sendable, Hashable {
        public var name: String
        public var partition: [PartitionDescription]
        public var fields: [FieldDescription]

        public init(name: String, partition: [PartitionDescription], fields: [FieldDescription]) {
            self.name = name
            self.partition = partition
            self.fields = fields
        }
    }

    public struct PartitionDescription: Sendable, Hashable {
        /// `global`, `territory`, `owner` or `through`.
        public var rule: String
        /// Empty for `global`.
        public var field: String

        public init(rule: String, field: String) {
            self.rule = rule
            self.field = field
        }
    }

    public struct FieldDescription: Sendable, Hashable {
        public var name: String
        /// `text`, `integer`, `real`, `decimal`, `boolean`, `date`, `datetime`, `enum`, `set`, `blob`, `json`,
        /// `territory`, `user` or `reference`.
        public var type: String
        /// The values of an `enum`, in order.
        public var values: [String]
        /// The table of a `reference`; empty otherwise.
        public var target: String
        public var merge: String
        public var isRequired: Bool
        public var isCreateOnly: Bool
        /// Zero for none.
        public var maximumLength: UInt64

        public init(
            name: String, type: String, values: [String], target: String, merge: String, isRequired: Bool, isCreateOnly: Bool,
            maximumLength: UInt64
        ) {
            self.name = name
            self.type = type
            self.values = values
            self.target = target
            self.merge = merge
            self.isRequired = isRequired
            self.isCreateOnly = isCreateOnly
            self.maximumLength = maximumLength
        }
    }

    public var name: String
    public var version: Int
    public var tables: [TableDescription]

    public init(name: String, version: Int, tables: [TableDescription]) {
        self.name = name
        self.version = version
        self.tables = tables
    }
}
