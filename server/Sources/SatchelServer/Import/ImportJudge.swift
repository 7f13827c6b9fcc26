import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Turns rows of text into changes against what the store holds at one moment: what is there already writes nothing, what
/// cannot stand is named, and what is left makes a transaction that ingest will find good.
struct ImportJudge {
    /// A row that may land, as far as is known.
    private struct Draft {
        let index: Int
        let key: RowKey
        let isThere: Bool
        var cells: [(field: Int, value: Value)]
    }

    private let reader: any ServerReader
    private let governance: Governance
    private let seen: Position
    private var outcomes: [ImportOutcome?]
    private var drafts: [RowKey: Draft] = [:]
    private var alive: [RowKey: Bool] = [:]

    /// - Returns: for each row an outcome, or nil where `changes` has what the row writes; `rows` says which row each is.
    static func judge(
        _ batch: ImportBatch, rows: Range<Int>, reader: any ServerReader
    ) throws -> (outcomes: [ImportOutcome?], changes: [Change], rows: [Int]) {
        let head = try reader.head()
        var judge = ImportJudge(
            reader: reader, governance: try reader.governance(at: head.position), seen: head.position, outcomes: [])
        judge.outcomes = Array(repeating: nil, count: rows.count)
        for index in rows { try judge.draft(batch, index, index - rows.lowerBound) }
        try judge.settle(isLast: batch.isLast)
        let drafts = judge.drafts.values.sorted { $0.index < $1.index }
        return (judge.outcomes, drafts.map { judge.change($0) }, drafts.map(\.index))
    }

    // MARK: One row

    private mutating func draft(_ batch: ImportBatch, _ row: Int, _ index: Int) throws {
        let row = batch.rows[row]
        guard batch.groups.indices.contains(row.group), row.values.count == batch.groups[row.group].fields.count,
            let table = governance.schema.tableIndex(batch.groups[row.group].table)
        else { throw Self.malformed }
        guard let id = RowID(row.id) else {
            outcomes[index] = .bad(field: "id", "the id is longer than \(RowID.maximumBytes) bytes, or holds a NUL")
            return
        }
        let key = RowKey(table: table, id: id)
        let stored = try reader.row(key)
        alive[key] = stored?.state.isAlive ?? false
        let (cells, problems) = try values(row.values, batch.groups[row.group].fields, key)
        if !problems.isEmpty {
            outcomes[index] = .bad(problems)
        } else if let stored, stored.state.isAlive {
            let changed = cells.filter { $0.value != stored.state.value($0.field) }
            if changed.isEmpty {
                outcomes[index] = .unchanged
            } else {
                drafts[key] = Draft(index: index, key: key, isThere: true, cells: changed)
            }
        } else {
            create(key, cells.filter { !$0.value.isNull }, index)
        }
    }

    private mutating func create(_ key: RowKey, _ cells: [(field: Int, value: Value)], _ index: Int) {
        let given = Set(cells.map(\.field))
        let missing = governance.schema.tables[key.table].fields.enumerated().filter { $1.isRequired && !given.contains($0) }
        if missing.isEmpty {
            drafts[key] = Draft(index: index, key: key, isThere: false, cells: cells)
        } else {
            outcomes[index] = .bad(missing.map { ImportProblem(field: $1.name, reason: "\($1.name) must have a value") })
        }
    }

    private func values(
        _ texts: [String?], _ names: [String], _ key: RowKey
    ) throws -> (cells: [(field: Int, value: Value)], problems: [ImportProblem]) {
        let table = governance.schema.tables[key.table]
        var cells: [(field: Int, value: Value)] = []
        var problems: [ImportProblem] = []
        for (name, text) in zip(names, texts) {
            guard let index = table.fieldIndex(name) else { throw Self.malformed }
            let field = table.fields[index]
            do throws(ValueFault) {
                let value = try field.parse(text ?? "")
                if let fault = field.check(value, valueBytes: Limits.valueBytes) { throw fault }
                if let reason = unknown(value, field) {
                    problems.append(ImportProblem(field: name, reason: reason))
                } else {
                    cells.append((index, value))
                }
            } catch {
                problems.append(ImportProblem(field: name, reason: error.message))
            }
        }
        return (cells, problems)
    }

    /// A row placed at a territory or with a user that nobody knows would be visible to no one.
    private func unknown(_ value: Value, _ field: Field) -> String? {
        guard case .text(let text) = value else { return nil }
        switch field.type {
        case .territory where governance.organisation.territories[text] == nil: return "there is no territory \(quoted(text))"
        case .user where governance.organisation.users[text] == nil: return "there is no user \(quoted(text))"
        default: return nil
        }
    }

    // MARK: References

    /// Rows may lean on each other: all drafts are taken as good, and those that name nothing fall until the rest stands.
    private mutating func settle(isLast: Bool) throws {
        var open = drafts.values.sorted { $0.index < $1.index }
        while !open.isEmpty {
            let standing = open.count
            var kept: [Draft] = []
            for draft in open {
                let missing = try missing(draft)
                if missing.isEmpty {
                    kept.append(draft)
                } else {
                    drafts[draft.key] = nil
                    outcomes[draft.index] = isLast ? Self.bad(missing) : .waiting(for: missing)
                }
            }
            open = kept.count < standing ? kept : []
        }
    }

    private mutating func missing(_ draft: Draft) throws -> [ImportTarget] {
        let table = governance.schema.tables[draft.key.table]
        return try draft.cells.compactMap { cell in
            guard case .reference(let name) = table.fields[cell.field].type, case .text(let text) = cell.value else {
                return nil
            }
            if let index = governance.schema.tableIndex(name), let id = RowID(text),
                try isThere(RowKey(table: index, id: id))
            {
                return nil
            }
            return ImportTarget(field: table.fields[cell.field].name, table: name, id: text)
        }
    }

    private mutating func isThere(_ key: RowKey) throws -> Bool {
        if drafts[key] != nil { return true }
        if let known = alive[key] { return known }
        let isAlive = try reader.row(key)?.state.isAlive ?? false
        alive[key] = isAlive
        return isAlive
    }

    private static func bad(_ missing: [ImportTarget]) -> ImportOutcome {
        .bad(missing.map { ImportProblem(field: $0.field, reason: "there is no row \(quoted($0.id)) of \($0.table)") })
    }

    private func change(_ draft: Draft) -> Change {
        let table = governance.schema.tables[draft.key.table]
        return Change(
            table: table.name, id: draft.key.id, operation: draft.isThere ? .update : .insert, seen: seen,
            cells: draft.cells.map { CellWrite(field: table.fields[$0.field].name, value: $0.value) })
    }

    private static var malformed: SatchelError {
        SatchelError(
            .malformed, "The batch names tables or fields that are not there.",
            remedy: "Use the satcheld of the server's own version, and import again.")
    }
}

extension ImportOutcome {
    static func bad(field: String, _ reason: String) -> ImportOutcome { .bad([ImportProblem(field: field, reason: reason)]) }
}
