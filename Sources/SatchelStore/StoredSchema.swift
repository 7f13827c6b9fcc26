import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The schema as bytes in the file, so that it is known again when the file is opened without a server. It goes through the
/// words of `SchemaDescription`, whose reader checks everything.
enum StoredSchema {
    private static let version: UInt8 = 1

    static func encode(_ schema: Schema) -> [UInt8] {
        let description = schema.description
        var out = ByteWriter()
        out.byte(version)
        out.text(description.name)
        out.varint(UInt64(description.version))
        out.varint(UInt64(description.tables.count))
        for table in description.tables {
            out.text(table.name)
            out.varint(UInt64(table.partition.count))
            for rule in table.partition {
                out.text(rule.rule)
                out.text(rule.field)
            }
            out.varint(UInt64(table.fields.count))
            for field in table.fields { encode(field, into: &out) }
        }
        return out.bytes
    }

    private static func encode(_ field: SchemaDescription.FieldDescription, into out: inout ByteWriter) {
        out.text(field.name)
        out.text(field.type)
        out.texts(field.values)
        out.text(field.target)
        out.text(field.merge)
        out.byte((field.isRequired ? 1 : 0) | (field.isCreateOnly ? 2 : 0))
        out.varint(field.maximumLength)
    }

    static func decode(_ bytes: [UInt8]) throws -> Schema {
        var reader = ByteReader(bytes)
        let found = try reader.byte()
        guard found == version else { throw DecodingFault.invalidTag(found) }
        let name = try reader.text()
        let number = try reader.varint()
        var tables: [SchemaDescription.TableDescription] = []
        for _ in 0..<(try reader.count()) { tables.append(try decodeTable(&reader)) }
        try reader.finish()
        return try Schema(SchemaDescription(name: name, version: Int(clamping: number), tables: tables))
    }

    private static func decodeTable(_ reader: inout ByteReader) throws -> SchemaDescription.TableDescription {
        var table = SchemaDescription.TableDescription(name: try reader.text(), partition: [], fields: [])
        for _ in 0..<(try reader.count()) {
            table.partition.append(SchemaDescription.PartitionDescription(rule: try reader.text(), field: try reader.text()))
        }
        for _ in 0..<(try reader.count()) {
            let name = try reader.text()
            let type = try reader.text()
            let values = try reader.texts()
            let target = try reader.text()
            let merge = try reader.text()
            let flags = try reader.byte()
            table.fields.append(
                SchemaDescription.FieldDescription(
                    name: name, type: type, values: values, target: target, merge: merge, isRequired: flags & 1 != 0,
                    isCreateOnly: flags & 2 != 0, maximumLength: try reader.varint()))
        }
        return table
    }
}

extension ByteWriter {
    mutating func text(_ text: String) { string(Array(text.utf8)) }

    mutating func texts(_ texts: [String]) {
        varint(UInt64(texts.count))
        for text in texts { self.text(text) }
    }
}

extension ByteReader {
    mutating func texts() throws(DecodingFault) -> [String] {
        var out: [String] = []
        for _ in 0..<(try count()) { out.append(try text()) }
        return out
    }
}
