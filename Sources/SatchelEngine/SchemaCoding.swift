import SatchelCore
import SatchelPolicy
import SatchelProtocol

extension Schema {
    /// The schema in the plain words that travel.
    public var description: SchemaDescription {
        SchemaDescription(name: name, version: version, tables: tables.map(\.description))
    }

    /// - Throws: `upgrade-client` for a type, rule or merge kind that this program does not know, `malformed` for one that
    ///   contradicts itself.
    public init(_ description: SchemaDescription) throws(SatchelError) {
        guard description.tables.count <= Limits.schemaTables else { throw Self.malformed("too many tables") }
        var tables: [Table] = []
        for table in description.tables { tables.append(try Table(table)) }
        self.init(name: description.name, version: description.version, tables: tables)
        guard Set(tables.map(\.name)).count == tables.count else { throw Self.malformed("a table twice") }
        for field in tables.lazy.flatMap(\.fields) {
            if case .reference(let target) = field.type, tableIndex(target) == nil {
                throw Self.malformed("a reference to the unknown table \(target)")
            }
        }
    }

    static func malformed(_ what: String) -> SatchelError {
        SatchelError(.malformed, "The server sent a schema with \(what).", remedy: "Report this to the server's administrator.")
    }
}

extension Table {
    var description: SchemaDescription.TableDescription {
        SchemaDescription.TableDescription(
            name: name,
            partition: partition.map { rule in
                let field = rule.field.map { fields[$0].name } ?? ""
                switch rule {
                case .global: return SchemaDescription.PartitionDescription(rule: "global", field: field)
                case .territory: return SchemaDescription.PartitionDescription(rule: "territory", field: field)
                case .owner: return SchemaDescription.PartitionDescription(rule: "owner", field: field)
                case .through: return SchemaDescription.PartitionDescription(rule: "through", field: field)
                }
            },
            fields: fields.map(\.description))
    }

    init(_ description: SchemaDescription.TableDescription) throws(SatchelError) {
        guard description.fields.count <= Limits.tableFields else { throw Schema.malformed("too many fields") }
        var fields: [Field] = []
        for field in description.fields { fields.append(try Field(field)) }
        guard Self.isName(description.name), fields.allSatisfy({ Self.isName($0.name) }),
            Set(fields.map(\.name)).count == fields.count
        else { throw Schema.malformed("an impossible name in \(description.name)") }
        var rules: [PartitionRule] = []
        for rule in description.partition { rules.append(try Self.rule(rule, fields)) }
        self.init(name: description.name, partition: rules, fields: fields)
    }

    private static func rule(_ rule: SchemaDescription.PartitionDescription, _ fields: [Field]) throws(SatchelError)
        -> PartitionRule
    {
        if rule.rule == "global" { return .global }
        guard let field = fields.firstIndex(where: { $0.name == rule.field }) else {
            throw Schema.malformed("a partition by the unknown field \(rule.field)")
        }
        switch rule.rule {
        case "territory": return .territory(field: field)
        case "owner": return .owner(field: field)
        case "through": return .through(field: field)
        default: throw Field.unknown("partition rule", rule.rule)
        }
    }

    /// Names become SQL identifiers: nothing else may pass, whoever sent it.
    private static func isName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, bytes.count <= Limits.nameBytes, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first,
            name != "id"
        else { return false }
        return bytes.allSatisfy {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                || $0 == UInt8(ascii: "_")
        } && !name.hasPrefix("sqlite_") && !name.hasPrefix("satchel_")
    }
}

extension Field {
    var description: SchemaDescription.FieldDescription {
        var values: [String] = []
        var target = ""
        if case .enumeration(let list) = type { values = list }
        if case .reference(let table) = type { target = table }
        return SchemaDescription.FieldDescription(
            name: name, type: type.word, values: values, target: target, merge: merge.rawValue, isRequired: isRequired,
            isCreateOnly: isCreateOnly, maximumLength: UInt64(maximumLength ?? 0))
    }

    init(_ description: SchemaDescription.FieldDescription) throws(SatchelError) {
        guard let merge = MergeKind(rawValue: description.merge) else { throw Self.unknown("merge kind", description.merge) }
        self.init(
            name: description.name, type: try Self.type(description), merge: merge, isRequired: description.isRequired,
            isCreateOnly: description.isCreateOnly,
            maximumLength: description.maximumLength == 0 ? nil : Int(clamping: description.maximumLength))
    }

    private static func type(_ description: SchemaDescription.FieldDescription) throws(SatchelError) -> FieldType {
        switch description.type {
        case "text": .text
        case "integer": .integer
        case "real": .real
        case "decimal": .decimal
        case "boolean": .boolean
        case "date": .date
        case "datetime": .datetime
        case "enum": .enumeration(description.values)
        case "set": .set
        case "blob": .blob
        case "json": .json
        case "territory": .territory
        case "user": .user
        case "reference": .reference(description.target)
        default: throw unknown("type", description.type)
        }
    }

    static func unknown(_ what: String, _ word: String) -> SatchelError {
        SatchelError(
            .upgradeClient, "The schema uses the \(what) “\(word)”, which this program does not know.",
            remedy: "Install a newer version of this program.")
    }
}
