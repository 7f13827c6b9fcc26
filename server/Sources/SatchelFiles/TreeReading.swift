import SatchelProtocol

/// How the loaders take values out of a tree: each gives the value, or adds a problem and gives nil.
extension ProblemList {
    /// The entries of a mapping by key.
    /// - Parameters:
    ///   - what: what the mapping is, with its article, for messages: "a table".
    ///   - unbuilt: keys of DESIGN §13 that this version does not carry out.
    mutating func keys(
        of tree: YAMLTree, _ what: String, _ known: [String], unbuilt: [String] = []
    ) -> [String: YAMLTree.Entry]? {
        guard let entries = entries(of: tree, what) else { return nil }
        var out: [String: YAMLTree.Entry] = [:]
        for entry in entries {
            if known.contains(entry.key) {
                out[entry.key] = entry
            } else if unbuilt.contains(entry.key) {
                notBuilt(entry.line, "The key \(entry.key) of \(what)")
            } else {
                add(
                    entry.line, "\(quoted(entry.key)) is not a key of \(what).",
                    remedy: "The keys here are \(known.joined(separator: ", ")).")
            }
        }
        return out
    }

    mutating func entries(of tree: YAMLTree, _ what: String) -> [YAMLTree.Entry]? {
        if case .map(let entries) = tree.kind { return entries }
        add(
            tree.line, "Here must be \(what), as a mapping; it is \(tree.shape).", remedy: "Write `key: value` lines, indented."
        )
        return nil
    }

    mutating func list(_ entry: YAMLTree.Entry) -> [YAMLTree]? {
        if case .list(let items) = entry.value.kind { return items }
        add(entry.line, "\(entry.key) must be a list; it is \(entry.value.shape).", remedy: "Write \(entry.key): [one, two].")
        return nil
    }

    /// Any scalar but null, as it is written: `007` stays `007`.
    mutating func text(_ tree: YAMLTree, _ what: String, line: Int? = nil) -> String? {
        if case .scalar(let text, _) = tree.kind, !tree.isNull { return text }
        add(line ?? tree.line, "\(what) must be a single value; it is \(tree.shape).", remedy: "Write the value on this line.")
        return nil
    }

    mutating func boolean(_ entry: YAMLTree.Entry) -> Bool? {
        if case .scalar(let text, isPlain: true) = entry.value.kind {
            if text == "true" { return true }
            if text == "false" { return false }
        }
        add(entry.line, "\(entry.key) must be true or false.", remedy: "Write \(entry.key): true, or leave it out.")
        return nil
    }

    mutating func integer(_ entry: YAMLTree.Entry, _ range: ClosedRange<Int>) -> Int? {
        if case .scalar(let text, isPlain: true) = entry.value.kind, let number = Int(text), range.contains(number) {
            return number
        }
        add(
            entry.line, "\(entry.key) must be a whole number from \(range.lowerBound) to \(range.upperBound).",
            remedy: "Write \(entry.key): \(range.lowerBound), say.")
        return nil
    }

    mutating func require(_ keys: [String: YAMLTree.Entry], _ key: String, _ line: Int, _ what: String) -> YAMLTree.Entry? {
        if let entry = keys[key] { return entry }
        add(line, "\(what) has no \(key).", remedy: "Add the key \(key).")
        return nil
    }

    /// The name of an organisation's schema or policy, a table, field or role.
    mutating func checkName(_ name: String, _ what: String, _ line: Int) -> Bool {
        let bytes = Array(name.utf8)
        let lower = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let isWellFormed =
            bytes.first.map(lower.contains) == true
            && bytes.allSatisfy { lower.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
        guard isWellFormed, bytes.count <= Limits.nameBytes else {
            add(
                line, "\(quoted(name)) cannot be the name of \(what).",
                remedy: "Use a lower-case letter, then lower-case letters, digits and _, at most \(Limits.nameBytes) in all.")
            return false
        }
        return true
    }

    /// The id of a territory or user.
    mutating func checkID(_ id: String, _ what: String, _ line: Int) -> Bool {
        let isPlain = id.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard !id.isEmpty, id.utf8.count <= Limits.scopeNameBytes, isPlain, id.first != " ", id.last != " " else {
            add(
                line, "\(quoted(id)) cannot be the id of \(what).",
                remedy: "Use 1 to \(Limits.scopeNameBytes) bytes without control characters or spaces at the ends.")
            return false
        }
        return true
    }
}

/// What was read, for a message: in quotes, cut to a length that fits a line.
func quoted(_ text: String) -> String {
    let clean = String(String.UnicodeScalarView(text.unicodeScalars.prefix(60).map { $0.value < 0x20 ? " " : $0 }))
    return "`\(clean)\(text.unicodeScalars.count > 60 ? "…" : "")`"
}
