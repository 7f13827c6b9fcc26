import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Gathers rows into batches by table, mask and field set, and closes them before they grow past the limits.
struct BatchBuilder {
    private struct Key: Hashable {
        let table: Int
        let mask: UInt32
        let isComplete: Bool
        let fields: FieldSet
    }

    private struct ConflictKey: Hashable {
        let table: Int
        let field: Int
    }

    private let schema: Schema
    private var open: [Key: (batch: RowBatch, bytes: Int)] = [:]
    private var openBytes = 0
    private var left: [Int: [RowID]] = [:]
    private var rootsLeft: [UInt64] = []
    private var conflicts: [ConflictKey: [ConflictBatch.Entry]] = [:]
    private(set) var frames: [PullFrame] = []

    init(schema: Schema) { self.schema = schema }

    mutating func add(_ row: StoredRow, fields: FieldSet, mask: UInt32, roots: [UInt64]?) {
        let key = Key(table: row.key.table, mask: mask, isComplete: roots != nil, fields: fields)
        let members = fields.members
        var (batch, bytes) = open.removeValue(forKey: key) ?? (newBatch(key, members), 0)
        var size = row.key.id.text.utf8.count + 16
        var position = row.state.existence.position
        for (place, field) in members.enumerated() {
            let value = row.state.value(field)
            batch.columns[place].append(value)
            size += value.approximateBytes
            position = max(position, row.state.position(field))
        }
        batch.ids.append(row.key.id)
        batch.positions.append(position)
        if let roots { batch.roots.append(roots) }
        bytes += size
        openBytes += size
        if batch.ids.count >= Limits.batchRows || bytes >= Limits.batchBytes {
            openBytes -= bytes
            frames.append(.rows(batch))
        } else {
            open[key] = (batch, bytes)
            if openBytes >= 4 * Limits.batchBytes { flushRows() }
        }
    }

    private func newBatch(_ key: Key, _ members: [Int]) -> RowBatch {
        let table = schema.tables[key.table]
        return RowBatch(
            table: table.name, mask: key.mask, isComplete: key.isComplete, fields: members.map { table.fields[$0].name },
            columns: members.map { _ in [] })
    }

    mutating func add(conflict heads: [ConflictBatch.HeadDescription], row: RowKey, field: Int) {
        conflicts[ConflictKey(table: row.table, field: field), default: []].append(
            ConflictBatch.Entry(id: row.id, heads: heads))
    }

    mutating func add(left key: RowKey) {
        left[key.table, default: []].append(key.id)
        if (left[key.table]?.count ?? 0) >= Limits.batchRows { flushLeft(key.table) }
    }

    mutating func add(leftRoot root: UInt64) {
        rootsLeft.append(root)
        if rootsLeft.count >= Limits.batchRows { flushRoots() }
    }

    mutating func add(_ frame: PullFrame) { frames.append(frame) }

    /// What is ready to go.
    mutating func takeFrames() -> [PullFrame] {
        defer { frames = [] }
        return frames
    }

    /// Closes everything that is open: conflicts last, since they speak of cells in the batches.
    mutating func flush() {
        for table in left.keys.sorted() { flushLeft(table) }
        flushRoots()
        flushRows()
        for (key, entries) in conflicts.sorted(by: { ($0.key.table, $0.key.field) < ($1.key.table, $1.key.field) }) {
            let table = schema.tables[key.table]
            let field = table.fields[key.field]
            for start in stride(from: 0, to: entries.count, by: Limits.batchRows) {
                frames.append(
                    .conflicts(
                        ConflictBatch(
                            table: table.name, field: field.name, rule: field.merge.rawValue,
                            entries: Array(entries[start..<min(start + Limits.batchRows, entries.count)]))))
            }
        }
        conflicts = [:]
    }

    private mutating func flushRows() {
        for (_, entry) in open.sorted(by: { ($0.key.table, $0.key.mask) < ($1.key.table, $1.key.mask) }) {
            frames.append(.rows(entry.batch))
        }
        open = [:]
        openBytes = 0
    }

    private mutating func flushLeft(_ table: Int) {
        guard let ids = left.removeValue(forKey: table), !ids.isEmpty else { return }
        frames.append(.left(RowsLeft(table: schema.tables[table].name, ids: ids)))
    }

    private mutating func flushRoots() {
        guard !rootsLeft.isEmpty else { return }
        frames.append(.rootsLeft(RootsLeft(roots: rootsLeft)))
        rootsLeft = []
    }
}

extension Value {
    /// Near enough for limits.
    var approximateBytes: Int {
        switch self {
        case .null: 1
        case .integer, .real: 8
        case .text(let text): text.utf8.count + 2
        case .blob(let bytes): bytes.count + 2
        }
    }
}
