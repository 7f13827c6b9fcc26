import SatchelCore
import SatchelPolicy

/// The rules as bytes, from which they rebuild exactly. Schema and policy stand whole in tables of their own; here the schema.
enum RuleCoding {
    private static let version: UInt8 = 1

    static func encode(_ schema: Schema) -> [UInt8] {
        var out = ByteWriter()
        out.byte(version)
        out.text(schema.name)
        out.varint(UInt64(clamping: schema.version))
        out.varint(UInt64(schema.tables.count))
        for table in schema.tables {
            out.text(table.name)
            out.varint(UInt64(table.partition.count))
            for rule in table.partition { encode(rule, into: &out) }
            out.varint(UInt64(table.fields.count))
            for field in table.fields { encode(field, into: &out) }
        }
        return out.bytes
    }

    static func decodeSchema(_ bytes: [UInt8]) throws(DecodingFault) -> Schema {
        var reader = ByteReader(bytes)
        try reader.version(version)
        let name = try reader.text()
        let number = try reader.number()
        var tables: [Table] = []
        for _ in 0..<(try reader.count()) {
            let name = try reader.text()
            var partition: [PartitionRule] = []
            for _ in 0..<(try reader.count()) { partition.append(try decodeRule(&reader)) }
            var fields: [Field] = []
            for _ in 0..<(try reader.count()) { fields.append(try decodeField(&reader)) }
            guard partition.allSatisfy({ ($0.field ?? 0) < max(fields.count, 1) }) else { throw .overflow }
            tables.append(Table(name: name, partition: partition, fields: fields))
        }
        try reader.finish()
        return Schema(name: name, version: number, tables: tables)
    }

    private static func encode(_ rule: PartitionRule, into out: inout ByteWriter) {
        switch rule {
        case .global: out.byte(1)
        case .territory: out.byte(2)
        case .owner: out.byte(3)
        case .through: out.byte(4)
        }
        if let field = rule.field { out.varint(UInt64(field)) }
    }

    private static func decodeRule(_ reader: inout ByteReader) throws(DecodingFault) -> PartitionRule {
        let tag = try reader.byte()
        switch tag {
        case 1: return .global
        case 2: return .territory(field: try reader.index())
        case 3: return .owner(field: try reader.index())
        case 4: return .through(field: try reader.index())
        default: throw .invalidTag(tag)
        }
    }

    private static func encode(_ field: Field, into out: inout ByteWriter) {
        out.text(field.name)
        out.text(field.type.word)
        switch field.type {
        case .enumeration(let values):
            out.varint(UInt64(values.count))
            for value in values { out.text(value) }
        case .reference(let table): out.text(table)
        default: break
        }
        out.text(field.merge.rawValue)
        out.byte(field.isRequired ? 1 : 0)
        out.byte(field.isCreateOnly ? 1 : 0)
        out.byte(field.maximumLength == nil ? 0 : 1)
        if let most = field.maximumLength { out.varint(UInt64(clamping: most)) }
    }

    private static func decodeField(_ reader: inout ByteReader) throws(DecodingFault) -> Field {
        let name = try reader.text()
        let type = try decodeType(&reader)
        guard let merge = MergeKind(rawValue: try reader.text()) else { throw .limit("an unknown way to merge") }
        let isRequired = try reader.flag()
        let isCreateOnly = try reader.flag()
        let most = try reader.flag() ? try reader.number() : nil
        return Field(
            name: name, type: type, merge: merge, isRequired: isRequired, isCreateOnly: isCreateOnly, maximumLength: most)
    }

    private static func decodeType(_ reader: inout ByteReader) throws(DecodingFault) -> FieldType {
        let word = try reader.text()
        switch word {
        case "enum":
            var values: [String] = []
            for _ in 0..<(try reader.count()) { values.append(try reader.text()) }
            return .enumeration(values)
        case "reference": return .reference(try reader.text())
        default:
            let plain: [FieldType] = [
                .text, .integer, .real, .decimal, .boolean, .date, .datetime, .set, .blob, .json, .territory, .user,
            ]
            guard let type = plain.first(where: { $0.word == word }) else { throw .limit("an unknown type") }
            return type
        }
    }
}

extension ByteReader {
    /// An index into a field set.
    mutating func index() throws(DecodingFault) -> Int {
        let value = try varint()
        guard value < UInt64(FieldSet.capacity) else { throw .overflow }
        return Int(value)
    }
}
