import SatchelFiles
import SatchelProtocol

/// Reads the files of a mapping and sends their rows, in batches, to where the store is. Streams: it holds one batch, the
/// joined files' keys, and the rows that wait for what they refer to.
public struct Importer {
    private let sink: any ImportSink
    private let progress: (String) -> Void
    private let plan: ImportPlan
    private var errors: ImportErrorFile
    private var summary = ImportSummary()
    private var pending = PendingBatch()
    private var waiting = WaitingRows()
    /// Rows that landed where nothing placed them: later rows may yet.
    private var unplacedNames: Set<ImportRowName> = []
    private var isUnplacedCut = false
    /// After `run`: what nothing places, in words; nil when everything has its place.
    public private(set) var warning: String?

    /// - Parameters:
    ///   - folder: where the mapping's files are looked for.
    ///   - errorPath: where bad rows are listed.
    ///   - progress: called now and then with a line for a person.
    /// - Throws: `FileProblems` and `SatchelError` when the mapping and the files do not fit; nothing is written then.
    public init(
        _ mapping: ImportMapping, folder: String, errorPath: String, sink: any ImportSink, progress: @escaping (String) -> Void
    ) async throws {
        self.sink = sink
        self.progress = progress
        plan = try ImportPlan(mapping, catalogue: try await sink.catalogue(), folder: folder)
        errors = ImportErrorFile(path: errorPath)
    }

    /// Rows that landed stay, whatever happens later; a repeat finds them unchanged.
    public mutating func run() async throws -> ImportSummary {
        do {
            for entry in plan.entries { try await read(entry) }
            try await landWaiting()
            try await lookForUnplaced()
        } catch {
            try errors.finish()
            throw error
        }
        try errors.finish()
        return summary
    }

    private mutating func read(_ entry: ImportPlan.Entry) async throws {
        var reader = try open(entry)
        var count = 0
        while let selected = try reader.next() {
            count += 1
            summary.rows += 1
            if count % 10_000 == 0 { progress("\(entry.file): \(count) rows") }
            let row = ImportRow(
                file: entry.file, line: selected.line, group: entry.group, id: selected.id, values: selected.values)
            guard selected.problems.isEmpty else {
                try bad(row, selected.problems)
                continue
            }
            if !pending.hasRoom(for: row) { try await flush() }
            // An earlier version of the row that waits must not be overtaken.
            if waiting.contains(row.key) { try wait(row, for: []) } else { pending.add(row) }
        }
        try await flush()
        progress("\(entry.file): \(count) rows")
    }

    private mutating func open(_ entry: ImportPlan.Entry) throws -> ImportRowReader {
        try ImportRowReader(entry) { file, line, problems in try bad(file, line, table: "", problems) }
    }

    private mutating func flush(isLast: Bool = false) async throws {
        let rows = pending.rows
        guard !rows.isEmpty else { return }
        let outcomes = try await sink.land(pending.batch(isLast: isLast))
        pending = PendingBatch()
        guard outcomes.count == rows.count else {
            throw SatchelError(.internalError, "The server answered for another batch.", remedy: "Import again.")
        }
        for (row, outcome) in zip(rows, outcomes) {
            switch outcome {
            case .landed: break
            case .unplaced: noteUnplaced(row)
            case .unchanged: summary.unchanged += 1
            case .waiting(let targets) where !isLast: try wait(row, for: targets)
            case .waiting(let targets):
                try bad(
                    row,
                    targets.map { ImportProblem(field: $0.field, reason: "there is no row \(quoted($0.id)) of \($0.table)") })
            case .bad(let problems): try bad(row, problems)
            }
        }
    }

    private mutating func wait(_ row: ImportRow, for targets: [ImportTarget]) throws {
        guard waiting.count < ImportLimits.waitingRows else {
            let reason = "too many rows wait for rows below them; sort the file"
            return try bad(row, [ImportProblem(field: targets.first?.field ?? "", reason: reason)])
        }
        waiting.add(row, for: targets)
    }

    /// After the last file: what waits refers to rows that are there by now, to other waiting rows, or to nothing.
    private mutating func landWaiting() async throws {
        for circle in waiting.inOrder() {
            if !pending.hasRoom(for: circle) { try await flush(isLast: true) }
            for row in circle { pending.add(row) }
        }
        try await flush(isLast: true)
    }

    private mutating func noteUnplaced(_ row: ImportRow) {
        if unplacedNames.count < ImportLimits.unplacedRows {
            unplacedNames.insert(ImportRowName(table: row.group.table, id: row.id))
        } else {
            isUnplacedCut = true
        }
    }

    private mutating func lookForUnplaced() async throws {
        var found: [String: UnplacedRows] = [:]
        let names = Array(unplacedNames)
        for start in stride(from: 0, to: names.count, by: ImportLimits.unplacedNames) {
            let part = names[start..<min(start + ImportLimits.unplacedNames, names.count)]
            for rows in try await sink.unplaced(among: Array(part)) {
                let count = (found[rows.table]?.count ?? 0) + rows.count
                found[rows.table] = UnplacedRows(table: rows.table, count: count, fields: rows.fields)
            }
        }
        warning = UnplacedRows.message(found.values.sorted { $0.table < $1.table }, isCut: isUnplacedCut)
    }

    private mutating func bad(_ row: ImportRow, _ problems: [ImportProblem]) throws {
        try bad(row.file, row.line, table: row.group.table, problems)
    }

    private mutating func bad(_ file: String, _ line: Int, table: String, _ problems: [ImportProblem]) throws {
        if try errors.add(file: file, line: line, table: table, problems) { summary.bad += 1 }
    }
}

/// A row with where it came from.
struct ImportRow: Sendable {
    struct Key: Sendable, Hashable {
        let table: String
        let id: String
    }

    let file: String
    let line: Int
    let group: ImportBatch.Group
    let id: String
    let values: [String?]

    var key: Key { Key(table: group.table, id: id) }
    var bytes: Int { values.reduce(id.utf8.count + 16) { $0 + ($1?.utf8.count ?? 0) + 4 } }
}

/// Rows until they make a batch.
struct PendingBatch {
    private(set) var rows: [ImportRow] = []
    private var keys: Set<ImportRow.Key> = []
    private var bytes = 0

    /// A batch becomes one transaction, which names a row once.
    func hasRoom(for row: ImportRow) -> Bool {
        rows.count < ImportLimits.batchRows && bytes < ImportLimits.batchBytes && !keys.contains(row.key)
    }

    /// Rows of one circle go together, beyond the usual size if they must.
    func hasRoom(for circle: [ImportRow]) -> Bool {
        let size = circle.reduce(0) { $0 + $1.bytes }
        return rows.isEmpty
            || rows.count + circle.count <= ImportLimits.batchRows && bytes + size <= ImportLimits.batchBytes
                && circle.allSatisfy { !keys.contains($0.key) }
    }

    mutating func add(_ row: ImportRow) {
        rows.append(row)
        keys.insert(row.key)
        bytes += row.bytes
    }

    func batch(isLast: Bool) -> ImportBatch {
        var batch = ImportBatch(groups: [], rows: [], isLast: isLast)
        var indexes: [ImportBatch.Group: Int] = [:]
        for row in rows {
            let index = indexes[row.group] ?? batch.groups.count
            if index == batch.groups.count {
                indexes[row.group] = index
                batch.groups.append(row.group)
            }
            batch.rows.append(ImportBatch.Row(group: index, id: row.id, values: row.values))
        }
        return batch
    }
}
