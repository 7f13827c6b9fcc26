import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What places the rows of a table (DESIGN §6), and that every table is placed at all.
extension SchemaReader {
    mutating func readPartition(_ entry: YAMLTree.Entry, _ draft: inout Draft) {
        draft.partitionLine = entry.line
        guard let items = problems.list(entry) else { return }
        if items.isEmpty {
            problems.add(
                entry.line, "The partition of \(draft.name) has no rule, so nobody would see its rows.",
                remedy: "List global, {territory: FIELD}, {owner: FIELD} or {through: FIELD}.")
        }
        for item in items {
            guard let rule = rule(item, draft) else { continue }
            if draft.partition.contains(rule) {
                problems.add(item.line, "The same rule is listed twice.", remedy: "Keep one of them.")
            } else {
                draft.partition.append(rule)
            }
        }
    }

    private mutating func rule(_ item: YAMLTree, _ draft: Draft) -> PartitionRule? {
        if case .scalar("global", _) = item.kind { return .global }
        guard case .map(let entries) = item.kind, entries.count == 1, let entry = entries.first,
            ["territory", "owner", "through"].contains(entry.key)
        else {
            problems.add(
                item.line, "This is not a partition rule.",
                remedy: "Write global, {territory: FIELD}, {owner: FIELD} or {through: FIELD}.")
            return nil
        }
        guard let name = problems.text(entry.value, entry.key, line: entry.line) else { return nil }
        guard let index = draft.fieldIndex(name) else {
            if !draft.declared.contains(name) {
                problems.add(
                    entry.line, "The table \(draft.name) has no field \(quoted(name)).", remedy: "Name one of its fields.",
                    code: .unknownField)
            }
            return nil
        }
        switch (entry.key, draft.fields[index].type) {
        case ("territory", .territory): return .territory(field: index)
        case ("owner", .user): return .owner(field: index)
        case ("through", .reference): return .through(field: index)
        default:
            let needed = ["territory": "territory", "owner": "user", "through": "reference"][entry.key] ?? ""
            problems.add(
                entry.line,
                "The rule \(entry.key) needs a field of type \(needed); \(name) is \(draft.fields[index].type.word).",
                remedy: "Name another field, or change its type.")
            return nil
        }
    }

    /// Every table must reach one that places its own rows, in at most `Limits.throughDepth` references.
    mutating func checkPlacement(_ drafts: [Draft]) {
        let indexes = Dictionary(drafts.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let parents = drafts.map { draft in
            draft.partition.compactMap { rule -> Int? in
                guard let field = rule.through, case .reference(let table) = draft.fields[field].type else { return nil }
                return indexes[table]
            }
        }
        // A table whose rules could not be read has its problem already: hold it for placed.
        var placed = Set(
            drafts.indices.filter { index in parents[index].isEmpty || drafts[index].partition.contains { $0.through == nil } })
        var isGrowing = true
        while isGrowing {
            let more = drafts.indices.filter { !placed.contains($0) && parents[$0].contains(where: placed.contains) }
            placed.formUnion(more)
            isGrowing = !more.isEmpty
        }
        for index in drafts.indices where !placed.contains(index) {
            problems.add(
                drafts[index].partitionLine,
                "The references that \(drafts[index].name) is placed through lead round in a circle that no other rule places.",
                remedy: "Give a table of the circle a rule global, territory or owner.")
        }
        var depths = ThroughDepths(parents: parents)
        for index in drafts.indices where depths.depth(index) == Limits.throughDepth + 1 {
            problems.add(
                drafts[index].partitionLine,
                "The rows of \(drafts[index].name) are placed through more than \(Limits.throughDepth) references.",
                remedy: "Place it, or a table between, by a shorter way.", code: .tooLarge)
        }
    }
}

/// The longest way from each table to where `through` ends. A way that comes back to a table on it counts no further:
/// rows may go round there, and `Limits.throughDepth` stops them at run time.
private struct ThroughDepths {
    let parents: [[Int]]
    private var known: [Int: Int] = [:]
    private var open: Set<Int> = []

    init(parents: [[Int]]) { self.parents = parents }

    mutating func depth(_ table: Int) -> Int {
        if let depth = known[table] { return depth }
        open.insert(table)
        var deepest = 0
        for parent in parents[table] where !open.contains(parent) { deepest = max(deepest, 1 + depth(parent)) }
        open.remove(table)
        known[table] = deepest
        return deepest
    }
}
