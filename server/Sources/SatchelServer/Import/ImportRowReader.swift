import SatchelProtocol

/// Reads the rows of one entry: the file's records, joined, filtered and put into the table's fields.
struct ImportRowReader {
    /// A record that the mapping selects.
    struct Selected {
        let line: Int
        let id: String
        let values: [String?]
        let problems: [ImportProblem]
    }

    /// A join and the rows of it that cannot be used.
    struct LoadedJoin {
        let plan: ImportPlan.Join
        var index = JoinIndex()
    }

    let entry: ImportPlan.Entry
    private var table: CSVTable
    private let joins: [LoadedJoin]

    /// Loads the joined files.
    /// - Parameter report: called for each record of a joined file that cannot be used.
    init(_ entry: ImportPlan.Entry, report: (_ file: String, _ line: Int, [ImportProblem]) throws -> Void) throws {
        self.entry = entry
        table = try CSVTable(name: entry.file, path: entry.path)
        joins = try entry.joins.map { plan in
            try Self.load(plan) { try report(plan.file, $0, $1) }
        }
    }

    /// The next record that the mapping selects, or that cannot be read; nil at the end.
    mutating func next() throws -> Selected? {
        while let row = try table.next() {
            if !row.problems.isEmpty { return Selected(line: row.line, id: "", values: [], problems: row.problems) }
            let sources = try join(row.values)
            func text(_ column: ImportPlan.Column) -> String { sources[column.source][column.slot] }
            guard entry.conditions.allSatisfy({ isSame(text($0.column), $0.text) }) else { continue }
            return select(row.line, text)
        }
        return nil
    }

    private func select(_ line: Int, _ text: (ImportPlan.Column) -> String) -> Selected {
        var problems: [ImportProblem] = []
        let id = Self.fill(entry.id, text)
        if id == nil {
            let empty = entry.id.parts.compactMap { part -> String? in
                if case .column(let column, let name) = part, text(column).isEmpty { return name }
                return nil
            }
            problems.append(ImportProblem(field: "id", reason: "the id is empty, since \(empty.joined(separator: " and ")) is"))
        }
        let values = entry.values.map { Self.fill($0, text) }
        let bytes = values.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        if bytes > ImportLimits.rowBytes {
            problems.append(ImportProblem(field: "", reason: "the row is larger than \(ImportLimits.rowBytes) bytes"))
        }
        return Selected(line: line, id: id ?? "", values: values, problems: problems)
    }

    /// A template with an empty column is NULL, and so is one that gives nothing.
    private static func fill(_ template: ImportPlan.Template, _ text: (ImportPlan.Column) -> String) -> String? {
        var out = ""
        for part in template.parts {
            switch part {
            case .text(let fixed): out += fixed
            case .column(let column, _):
                let value = text(column)
                if value.isEmpty { return nil }
                out += value
            }
        }
        return out.isEmpty ? nil : out
    }

    /// By bytes: String's own equality holds canonically equivalent spellings for one.
    private func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    // MARK: Joins

    /// The record's own columns, then each join's; a join without a match has empty ones.
    private func join(_ values: [String]) throws -> [[String]] {
        var sources = [values]
        for join in joins {
            let key = JoinIndex.key(join.plan.left.map { sources[$0.source][$0.slot] })
            let match = try key.flatMap { try join.index[$0] }
            sources.append(match?.values ?? Array(repeating: "", count: join.plan.kept.count))
        }
        return sources
    }

    private static func load(_ plan: ImportPlan.Join, report: (Int, [ImportProblem]) throws -> Void) throws -> LoadedJoin {
        var join = LoadedJoin(plan: plan)
        var table = try CSVTable(name: plan.file, path: plan.path)
        while let row = try table.next() {
            guard row.problems.isEmpty else {
                try report(row.line, row.problems)
                continue
            }
            guard let key = JoinIndex.key(plan.key.map { row.values[$0] }) else { continue }
            let values = plan.kept.map { row.values[$0] }
            // Rows that say the same of what is used are one; of others the first counts, and the rest are named.
            if let first = try join.index.insert(.init(line: row.line, values: values), key: key), first.values != values {
                let column = zip(plan.kept, zip(first.values, values)).first { $1.0 != $1.1 }.map { table.columns[$0.0] }
                try report(
                    row.line,
                    [ImportProblem(field: column ?? "", reason: "line \(first.line) has the same key and counts instead")])
            }
        }
        return join
    }
}
