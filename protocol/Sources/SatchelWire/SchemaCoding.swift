import SatchelProtocol

extension Satchel_V1_Schema {
    init(_ schema: SchemaDescription) throws(SatchelError) {
        guard let version = UInt64(exactly: schema.version) else {
            throw .malformed("A schema's version is below 0.")
        }
        self.init()
        name = schema.name
        self.version = version
        tables = schema.tables.map { Satchel_V1_SchemaTable($0) }
        try check()
    }

    func decoded() throws(SatchelError) -> SchemaDescription {
        try check()
        guard let version = Int(exactly: version) else {
            throw .malformed("A schema's version is out of bounds.")
        }
        return SchemaDescription(name: name, version: version, tables: tables.map(\.decoded))
    }

    private func check() throws(SatchelError) {
        guard tables.count <= Limits.schemaTables else {
            throw .tooLarge("A schema has more than \(Limits.schemaTables) tables.")
        }
        for table in tables {
            try Checks.name(table.name)
            guard table.fields.count <= Limits.tableFields,
                table.partition.count <= Limits.tableFields + 1
            else {
                throw .tooLarge(
                    "A table has more than \(Limits.tableFields) fields, or partition rules beyond them.")
            }
            for rule in table.partition {
                try Checks.name(rule.rule)
                if !rule.field.isEmpty { try Checks.name(rule.field) }
            }
            for field in table.fields {
                try Checks.name(field.name)
                try Checks.name(field.type)
                try Checks.name(field.merge)
                if !field.target.isEmpty { try Checks.name(field.target) }
            }
        }
    }
}

extension Satchel_V1_SchemaTable {
    fileprivate init(_ table: SchemaDescription.TableDescription) {
        self.init()
        name = table.name
        partition = table.partition.map { rule in
            var message = Satchel_V1_SchemaPartition()
            message.rule = rule.rule
            message.field = rule.field
            return message
        }
        fields = table.fields.map { field in
            var message = Satchel_V1_SchemaField()
            message.name = field.name
            message.type = field.type
            message.values = field.values
            message.target = field.target
            message.merge = field.merge
            message.required = field.isRequired
            message.createOnly = field.isCreateOnly
            message.maximumLength = field.maximumLength
            return message
        }
    }

    fileprivate var decoded: SchemaDescription.TableDescription {
        SchemaDescription.TableDescription(
            name: name,
            partition: partition.map { .init(rule: $0.rule, field: $0.field) },
            fields: fields.map {
                .init(
                    name: $0.name, type: $0.type, values: $0.values, target: $0.target, merge: $0.merge,
                    isRequired: $0.required, isCreateOnly: $0.createOnly, maximumLength: $0.maximumLength)
            })
    }
}

extension SchemaDescription: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        try Serialisation.bytes(try Satchel_V1_Schema(self), "A schema")
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_Schema = try Serialisation.message(
            wireBytes, nesting: .schema, "A schema")
        self = try message.decoded()
    }
}
