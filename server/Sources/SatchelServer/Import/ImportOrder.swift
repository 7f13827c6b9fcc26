/// The order in which a mapping's entries are read: as they are listed, but what refers to another entry's table after it,
/// so that few rows have to wait. Entries of one table keep their order, since a later one updates an earlier one's rows.
enum ImportOrder {
    static func sorted(_ entries: [ImportPlan.Entry], catalogue: ImportCatalogue) -> [ImportPlan.Entry] {
        let needs = needs(entries, catalogue)
        var left = Array(entries.indices)
        var out: [ImportPlan.Entry] = []
        while !left.isEmpty {
            let open = Set(left.map { entries[$0].group.table })
            let place = left.firstIndex { index in
                let table = entries[index].group.table
                let isFirstOfTable = left.first { entries[$0].group.table == table } == index
                return isFirstOfTable && (needs[table] ?? []).isDisjoint(with: open)
            }
            out.append(entries[left.remove(at: place ?? 0)])
        }
        return out
    }

    /// For each table those that must come before it. Tables that refer to each other in a circle need none of their own
    /// circle: they stay as listed, and their rows wait for each other.
    private static func needs(_ entries: [ImportPlan.Entry], _ catalogue: ImportCatalogue) -> [String: Set<String>] {
        var direct: [String: Set<String>] = [:]
        for entry in entries {
            let table = catalogue.table(entry.group.table)
            direct[entry.group.table, default: []].formUnion(entry.group.fields.compactMap { table?.field($0)?.target })
        }
        let reached = direct.keys.reduce(into: [:]) { $0[$1] = reachable(from: $1, direct) }
        return reached.reduce(into: [:]) { needs, item in
            needs[item.key] = item.value.filter { reached[$0]?.contains(item.key) != true }
        }
    }

    private static func reachable(from start: String, _ direct: [String: Set<String>]) -> Set<String> {
        var out: Set<String> = []
        var open = [start]
        while let table = open.popLast() {
            for next in direct[table] ?? [] where out.insert(next).inserted { open.append(next) }
        }
        return out
    }
}
