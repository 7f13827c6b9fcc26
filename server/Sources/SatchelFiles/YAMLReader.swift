import SatchelProtocol
import Yams

/// Turns bytes into a `YAMLTree`, or says at which line they are not one. Bounded in size, depth and expansion: anchors
/// and aliases are refused, as are tags, which these files have no use for.
struct YAMLReader {
    private var problems: ProblemList

    static func read(_ bytes: some Collection<UInt8>, file: String, most: Int) throws(FileProblems) -> YAMLTree {
        var reader = YAMLReader(problems: ProblemList(file: file))
        let tree = reader.tree(bytes, most: most)
        try reader.problems.throwIfAny()
        guard let tree else {
            reader.problems.add(1, "The file is empty.", remedy: "Begin with one of the files in fixtures/crm.")
            try reader.problems.throwIfAny()
            return YAMLTree(kind: .map([]), line: 1)
        }
        return tree
    }

    private mutating func tree(_ bytes: some Collection<UInt8>, most: Int) -> YAMLTree? {
        guard bytes.count <= most else {
            problems.add(
                1, "The file is larger than \(most) bytes.", remedy: "Check that it is the right file.", code: .tooLarge)
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problems.add(Self.line(ofInvalidIn: bytes), "The text is not UTF-8.", remedy: "Save the file as UTF-8.")
            return nil
        }
        if let line = Self.aliasLine(in: bytes) {
            addAlias(line)
            return nil
        }
        do {
            // The parser must outlive the walk: nodes hold their anchors weakly. `basic` interprets no scalar.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            return try withExtendedLifetime(parser) { try parser.singleRoot().flatMap { convert($0, depth: 0) } }
        } catch let error as YamlError {
            add(error, text)
        } catch {
            problems.add(1, "The file cannot be read as YAML.", remedy: "Check it with any YAML tool.")
        }
        return nil
    }

    /// - Returns: nil, with a problem, for what is not allowed anywhere.
    private mutating func convert(_ node: Node, depth: Int) -> YAMLTree? {
        let line = node.mark?.line ?? 1
        guard node.anchor == nil else {
            addAlias(line)
            return nil
        }
        guard depth < FileLimits.depth else {
            problems.add(line, "The file is nested deeper than \(FileLimits.depth) levels.", remedy: "Check the indentation.")
            return nil
        }
        switch node {
        case .scalar(let scalar):
            guard allow(scalar.tag, [Tag.Name.str], line) else { return nil }
            return YAMLTree(kind: .scalar(scalar.string, isPlain: scalar.style == .plain), line: line)
        case .sequence(let sequence):
            guard allow(sequence.tag, [Tag.Name.seq], line) else { return nil }
            return YAMLTree(kind: .list(sequence.compactMap { convert($0, depth: depth + 1) }), line: line)
        case .mapping(let mapping):
            guard allow(mapping.tag, [Tag.Name.map], line) else { return nil }
            return YAMLTree(kind: .map(mapping.compactMap { entry($0.key, $0.value, depth) }), line: line)
        case .alias:
            addAlias(line)
            return nil
        }
    }

    private mutating func entry(_ key: Node, _ value: Node, _ depth: Int) -> YAMLTree.Entry? {
        let name = convert(key, depth: depth + 1)
        guard let name, case .scalar(let text, _) = name.kind else {
            if name != nil { problems.add(key.mark?.line ?? 1, "A key is not text.", remedy: "Write a word before the colon.") }
            return nil
        }
        return convert(value, depth: depth + 1).map { YAMLTree.Entry(key: text, line: name.line, value: $0) }
    }

    private mutating func allow(_ tag: Tag, _ allowed: [Tag.Name], _ line: Int) -> Bool {
        let name = tag.rawValue
        if name.isEmpty || name == Tag.Name.nonSpecific.rawValue || allowed.contains(where: { $0.rawValue == name }) {
            return true
        }
        problems.add(line, "The YAML tag \(name) is not known here.", remedy: "Leave the tag out.")
        return false
    }

    private mutating func addAlias(_ line: Int) {
        problems.add(
            line, "YAML anchors (&name) and aliases (*name) are not allowed.",
            remedy: "Write the value out where it is needed; put quotes around text that begins with & or *.")
    }

    private mutating func add(_ error: YamlError, _ text: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            problems.add(
                mark.line, "The file is not valid YAML: \(problem).", remedy: "Check indentation, quotes and colons here.")
        case .duplicatedKeysInMapping(let keys, let context):
            problems.add(
                context.mark.line, "\(keys.joined(separator: ", ")) is written more than once in one mapping.",
                remedy: "Keep one of them, here or further down.")
        case .reader(let problem, let offset, _, _):
            let line = 1 + text.prefix(offset ?? 0).count { $0.isNewline }
            problems.add(
                line, "The file is not valid YAML: \(problem).", remedy: "Remove the character that text may not hold.")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            problems.add(1, "The file cannot be read as YAML.", remedy: "Check it with any YAML tool.")
        }
    }

    /// Where aliases begin to be too many, counted before YAML is parsed, since the parser compares (and so expands) keys
    /// as it goes. What stands in comments and quotes is counted too: with an anchor besides, nobody writes so many.
    private static func aliasLine(in bytes: some Collection<UInt8>) -> Int? {
        var line = 1
        var hasAnchor = false
        var aliases = 0
        var aliasLine: Int?
        var beforeLast: UInt8 = 0x0A
        var last: UInt8 = 0x0A
        for byte in bytes {
            if isWord(byte), last == UInt8(ascii: "&") || last == UInt8(ascii: "*"), !isWord(beforeLast), beforeLast != last {
                if last == UInt8(ascii: "&") {
                    hasAnchor = true
                } else {
                    aliases += 1
                    if aliases == FileLimits.aliases + 1 { aliasLine = line }
                }
            }
            if byte == 0x0A { line += 1 }
            beforeLast = last
            last = byte
        }
        return hasAnchor ? aliasLine : nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func line(ofInvalidIn bytes: some Collection<UInt8>) -> Int {
        var line = 1
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return 1
    }
}
