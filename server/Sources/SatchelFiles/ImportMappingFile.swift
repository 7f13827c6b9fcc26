import SatchelProtocol

/// Loads `import.yaml`. What needs the schema or the CSV files (tables, fields, columns) is checked by the import itself.
public enum ImportMappingFile {
    /// - Parameter path: at most 2 MiB are read.
    public static func load(path: String) throws(FileProblems) -> ImportMapping {
        try read(try TextFile.bytes(path: path, most: FileLimits.definitionBytes), file: TextFile.name(path))
    }

    /// - Parameter file: what problems shall call it.
    /// - Throws: all problems found.
    public static func read(_ bytes: some Collection<UInt8>, file: String) throws(FileProblems) -> ImportMapping {
        let tree = try YAMLReader.read(bytes, file: file, most: FileLimits.definitionBytes)
        var reader = ImportMappingReader(problems: ProblemList(file: file))
        let entries = reader.entries(tree)
        try reader.problems.throwIfAny()
        return ImportMapping(name: file, entries: entries)
    }
}

private struct ImportMappingReader {
    var problems: ProblemList

    mutating func entries(_ tree: YAMLTree) -> [ImportMapping.Entry] {
        guard case .list(let items) = tree.kind, !items.isEmpty else {
            problems.add(
                tree.line, "An import mapping must be a list; it is \(tree.shape).", remedy: "Begin each entry with `- file:`.")
            return []
        }
        return items.compactMap { entry($0) }
    }

    private mutating func entry(_ tree: YAMLTree) -> ImportMapping.Entry? {
        let what = "an entry of the mapping"
        guard let keys = problems.keys(of: tree, what, ["file", "join", "where", "table", "id", "fields"]) else { return nil }
        let file = required(keys, "file", tree.line)
        let table = required(keys, "table", tree.line)
        let id = required(keys, "id", tree.line).flatMap { template($0.text, "id", $0.line) }
        let joins = keys["join"].map { self.joins($0) } ?? []
        let conditions = keys["where"].map { self.conditions($0) } ?? []
        let fields = problems.require(keys, "fields", tree.line, "The entry").map { fieldRules($0) } ?? []
        guard let file, let table, let id else { return nil }
        return ImportMapping.Entry(
            line: tree.line, file: file.text, joins: joins, conditions: conditions, table: table.text, tableLine: table.line,
            id: id,
            fields: fields)
    }

    private mutating func required(_ keys: [String: YAMLTree.Entry], _ key: String, _ line: Int) -> (text: String, line: Int)? {
        guard let entry = problems.require(keys, key, line, "The entry") else { return nil }
        return filled(entry, key).map { ($0, entry.line) }
    }

    /// A single value that is not empty.
    private mutating func filled(_ entry: YAMLTree.Entry, _ what: String) -> String? {
        guard let text = problems.text(entry.value, what, line: entry.line) else { return nil }
        if text.isEmpty { problems.add(entry.line, "\(what) is empty.", remedy: "Write its value.") }
        return text.isEmpty ? nil : text
    }

    private mutating func template(_ text: String, _ what: String, _ line: Int) -> ImportTemplate? {
        switch ImportTemplate.read(text, line: line) {
        case .success(let template): return template
        case .failure(let fault):
            problems.add(line, "\(what) \(fault.message).", remedy: "Write columns as {Name}, and a brace itself as {{ or }}.")
            return nil
        }
    }

    private mutating func fieldRules(_ entry: YAMLTree.Entry) -> [ImportMapping.FieldRule] {
        (problems.entries(of: entry.value, "the fields of an entry") ?? []).compactMap { rule in
            guard let text = filled(rule, rule.key), let value = template(text, rule.key, rule.line) else { return nil }
            return ImportMapping.FieldRule(line: rule.line, field: rule.key, value: value)
        }
    }

    private mutating func conditions(_ entry: YAMLTree.Entry) -> [ImportMapping.Condition] {
        (problems.entries(of: entry.value, "the conditions of an entry") ?? []).compactMap { condition in
            if condition.value.isNull { return ImportMapping.Condition(line: condition.line, column: condition.key, text: "") }
            return problems.text(condition.value, condition.key, line: condition.line).map {
                ImportMapping.Condition(line: condition.line, column: condition.key, text: $0)
            }
        }
    }

    private mutating func joins(_ entry: YAMLTree.Entry) -> [ImportMapping.Join] {
        guard let items = problems.list(entry) else { return [] }
        var aliases: Set<String> = []
        return items.compactMap { item in
            guard let join = join(item) else { return nil }
            if !aliases.insert(join.alias).inserted {
                problems.add(
                    join.line, "Two joins of one entry are named \(join.alias).", remedy: "Name one of them otherwise.")
            }
            return join
        }
    }

    private mutating func join(_ tree: YAMLTree) -> ImportMapping.Join? {
        guard let keys = problems.keys(of: tree, "a join", ["file", "on", "as"]) else { return nil }
        let file = problems.require(keys, "file", tree.line, "The join").flatMap { filled($0, "file") }
        let alias = problems.require(keys, "as", tree.line, "The join").flatMap { aliasName($0) }
        guard let on = problems.require(keys, "on", tree.line, "The join") else { return nil }
        let pairs = (problems.entries(of: on.value, "the columns of a join") ?? []).compactMap { pair in
            filled(pair, pair.key).map { ImportMapping.Join.Pair(line: pair.line, left: pair.key, right: $0) }
        }
        if pairs.isEmpty {
            problems.add(on.line, "The join names no columns.", remedy: "Write on: {column here: column there}.")
        }
        guard let file, let alias, !pairs.isEmpty else { return nil }
        return ImportMapping.Join(line: tree.line, file: file, on: pairs, alias: alias)
    }

    private mutating func aliasName(_ entry: YAMLTree.Entry) -> String? {
        guard let alias = filled(entry, "as") else { return nil }
        if alias.contains(where: { ".{}".contains($0) }) {
            problems.add(entry.line, "\(quoted(alias)) cannot name a join.", remedy: "Use a word without dots and braces.")
        }
        return alias
    }
}
