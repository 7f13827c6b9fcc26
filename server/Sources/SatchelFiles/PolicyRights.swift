import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What one role says about one table, and what comes of including others.
extension PolicyReader {
    mutating func rights(_ entry: YAMLTree.Entry, _ table: Table) -> Rights {
        let known = ["read", "write", "create", "delete"]
        guard let keys = problems.keys(of: entry.value, "a table in a role", known, unbuilt: ["whenOwner"]) else {
            return .none
        }
        var rights = Rights()
        if let read = keys["read"] { rights.read = mask(read, table) }
        if let write = keys["write"] { rights.write = mask(write, table) }
        if let delete = keys["delete"] { rights.delete = problems.boolean(delete) ?? false }
        if let create = keys["create"] {
            if case .list = create.value.kind {
                rights.create = true
                rights.createFields = fields(create, table)
            } else {
                rights.create = createFlag(create)
            }
        }
        return rights
    }

    private mutating func createFlag(_ entry: YAMLTree.Entry) -> Bool {
        if case .scalar(let text, isPlain: true) = entry.value.kind, text == "true" || text == "false" { return text == "true" }
        problems.add(
            entry.line, "create must be true, or a list of fields.",
            remedy: "Write create: true, or list what a creator may set besides the write list.")
        return false
    }

    /// `all`, or a list of fields.
    private mutating func mask(_ entry: YAMLTree.Entry, _ table: Table) -> FieldSet {
        if case .scalar("all", _) = entry.value.kind { return table.all }
        guard case .list = entry.value.kind else {
            problems.add(
                entry.line, "\(entry.key) must be all or a list of fields; it is \(entry.value.shape).",
                remedy: "Write \(entry.key): all, or \(entry.key): [one, two].")
            return FieldSet()
        }
        return fields(entry, table)
    }

    private mutating func fields(_ entry: YAMLTree.Entry, _ table: Table) -> FieldSet {
        var out = FieldSet()
        for item in problems.list(entry) ?? [] {
            guard let name = problems.text(item, "A field") else { continue }
            if let index = table.fieldIndex(name) {
                out.insert(index)
            } else {
                problems.add(
                    item.line, "The table \(table.name) has no field \(quoted(name)).",
                    remedy: name == "id" ? "Leave id out: it goes with every row." : "Name one of its fields.",
                    code: .unknownField)
            }
        }
        return out
    }

    /// The rights of each role with those of all that it includes. A circle is a problem, told once.
    mutating func flattened(_ drafts: [Draft]) -> [String: [Int: Rights]] {
        let byName = Dictionary(drafts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var done: [String: [Int: Rights]] = [:]
        var path: [String] = []
        for draft in drafts { _ = flatten(draft, byName, &done, &path) }
        return done
    }

    private mutating func flatten(
        _ draft: Draft, _ byName: [String: Draft], _ done: inout [String: [Int: Rights]], _ path: inout [String]
    ) -> [Int: Rights] {
        if let rights = done[draft.name] { return rights }
        path.append(draft.name)
        defer { path.removeLast() }
        var rights = draft.rights
        for include in draft.includes {
            if let start = path.firstIndex(of: include.name) {
                let circle = (path[start...] + [include.name]).joined(separator: " includes ")
                problems.add(
                    include.line, "The roles include each other: \(circle).", remedy: "Take one of these includes out.")
            } else if let other = byName[include.name] {
                rights.merge(flatten(other, byName, &done, &path)) { own, more in
                    var union = own
                    union.formUnion(more)
                    return union
                }
            }
        }
        done[draft.name] = rights
        return rights
    }

    /// Whoever may create a row must be able to give it what it must have (DESIGN §7, "Create").
    mutating func checkRequired(_ drafts: [Draft], _ rights: [String: [Int: Rights]]) {
        for draft in drafts {
            for (table, line) in draft.createLines {
                guard let held = rights[draft.name]?[table], held.create else { continue }
                let settable = held.settableAtCreation(in: schema.tables[table])
                for (index, field) in schema.tables[table].fields.enumerated()
                where field.isRequired && !settable.contains(index) {
                    problems.add(
                        line,
                        "The role \(draft.name) may create a row of \(schema.tables[table].name) but may not set its required \(field.name).",
                        remedy: "Write create: [\(field.name)], or add it to the role's write list.")
                }
            }
        }
    }
}
