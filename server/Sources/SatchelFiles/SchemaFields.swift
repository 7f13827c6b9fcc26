import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One field of a schema file.
extension SchemaReader {
    private static let types = [
        "text", "integer", "real", "decimal", "boolean", "date", "datetime", "enum", "set", "blob", "json", "territory", "user",
        "reference",
    ]
    /// DESIGN §5; those that `MergeKind` knows are built.
    private static let merges = ["lww", "multi", "counter", "set", "text", "max", "min", "rank", "first", "role"]

    /// - Returns: nil, with problems, when it cannot be made out.
    mutating func field(_ entry: YAMLTree.Entry) -> Field? {
        if problems.checkName(entry.key, "a field", entry.line), ReservedNames.isReservedField(entry.key) {
            problems.add(
                entry.line, "The field name \(entry.key) is reserved.",
                remedy: "Choose another; id is there by itself, and databases use rowid, oid, ctid, xmin and the like.")
        }
        let known = ["type", "values", "table", "required", "createOnly", "max", "merge"]
        guard let keys = problems.keys(of: entry.value, "a field", known, unbuilt: ["onDelete", "default"]) else { return nil }
        let isRequired = keys["required"].map { problems.boolean($0) ?? false } ?? false
        let isCreateOnly = keys["createOnly"].map { problems.boolean($0) ?? false } ?? false
        let merge = keys["merge"].map { self.merge($0) } ?? .lww
        guard let typeEntry = problems.require(keys, "type", entry.line, "The field \(entry.key)"),
            let word = problems.text(typeEntry.value, "type", line: typeEntry.line)
        else { return nil }
        refuseStrays(keys, word)
        guard let type = type(word, keys, typeEntry.line) else { return nil }
        return Field(
            name: entry.key, type: type, merge: merge, isRequired: isRequired, isCreateOnly: isCreateOnly,
            maximumLength: keys["max"].flatMap { problems.integer($0, 1...Limits.valueBytes) })
    }

    private mutating func type(_ word: String, _ keys: [String: YAMLTree.Entry], _ line: Int) -> FieldType? {
        switch word {
        case "text": return .text
        case "integer": return .integer
        case "real": return .real
        case "decimal": return .decimal
        case "boolean": return .boolean
        case "date": return .date
        case "datetime": return .datetime
        case "set": return .set
        case "blob": return .blob
        case "json": return .json
        case "territory": return .territory
        case "user": return .user
        case "enum": return problems.require(keys, "values", line, "An enum").flatMap { enumeration($0) }
        case "reference": return problems.require(keys, "table", line, "A reference").flatMap { reference($0) }
        default:
            problems.add(
                line, "\(quoted(word)) is not a type.", remedy: "The types are \(Self.types.joined(separator: ", ")).")
            return nil
        }
    }

    /// Keys that say something about another type only.
    private mutating func refuseStrays(_ keys: [String: YAMLTree.Entry], _ word: String) {
        let homes = [("values", ["enum"]), ("table", ["reference"]), ("max", ["text", "blob"])]
        for (key, types) in homes where Self.types.contains(word) && !types.contains(word) {
            guard let entry = keys[key] else { continue }
            problems.add(
                entry.line, "A field of type \(word) has no \(key).",
                remedy: "Leave \(key) out, or make the type \(types.joined(separator: " or ")).")
        }
    }

    private mutating func enumeration(_ entry: YAMLTree.Entry) -> FieldType? {
        guard let items = problems.list(entry) else { return nil }
        var values: [String] = []
        for item in items {
            guard let value = problems.text(item, "A value of the enumeration") else { continue }
            let isPlain = value.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            if value.isEmpty || value.utf8.count > FileLimits.enumerationValueBytes || !isPlain {
                problems.add(
                    item.line, "\(quoted(value)) cannot be a value of an enumeration.",
                    remedy: "Use 1 to \(FileLimits.enumerationValueBytes) bytes without control characters.")
            } else if values.contains(where: { $0.utf8.elementsEqual(value.utf8) }) {
                problems.add(item.line, "The value \(quoted(value)) is listed twice.", remedy: "Keep one of them.")
            } else {
                values.append(value)
            }
        }
        if items.isEmpty || items.count > FileLimits.enumerationValues {
            problems.add(
                entry.line, "An enumeration of \(items.count) values is not possible.",
                remedy: "List 1 to \(FileLimits.enumerationValues).")
        }
        return .enumeration(values)
    }

    private mutating func reference(_ entry: YAMLTree.Entry) -> FieldType? {
        guard let table = problems.text(entry.value, "table", line: entry.line) else { return nil }
        guard tableNames.contains(table) else {
            problems.add(
                entry.line, "There is no table \(quoted(table)) to refer to.", remedy: "Name a table of this schema.",
                code: .unknownTable)
            return nil
        }
        return .reference(table)
    }

    private mutating func merge(_ entry: YAMLTree.Entry) -> MergeKind {
        guard let word = problems.text(entry.value, "merge", line: entry.line) else { return .lww }
        if let kind = MergeKind(rawValue: word) { return kind }
        if Self.merges.contains(word) {
            problems.notBuilt(entry.line, "merge: \(word)")
        } else {
            problems.add(entry.line, "\(quoted(word)) is not a way to merge.", remedy: "Write merge: lww, or leave it out.")
        }
        return .lww
    }
}
