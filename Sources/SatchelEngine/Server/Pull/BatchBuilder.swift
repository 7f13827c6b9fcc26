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

    /// - Parameter roots: for a complete row; nil for changes to one that the reader holds.
    mutating func add(_ row: StoredRow, fields: FieldSet, mask: UInt32, roots: [UInt64]?) {
        var part: [Int] = []
        var bytes = 0
        var roots = roots
        // A row that is larger than a batch travels as its first fields, then the others as changes to it.
        for field in fields.members {
            let size = row.state.value(field).approximateBytes
            if !part.isEmpty, bytes + size > Limits.batchBytes {
                addPart(row, part, mask: mask, roots: roots)
                (part, bytes, roots) = ([], 0, nil)
            }
            part.append(field)
            bytes += size
        }
        addPart(row, part, mask: mask, roots: roots)
    }

    private mutating func addPart(_ row: StoredRow, _ members: [Int], mask: UInt32, roots: [UInt64]?) {
        let key = Key(table: row.key.table, mask: mask, isComplete: roots != nil, fields: FieldSet(members))
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
            if !key.isComplete { flushRows(where: \.isComplete) }
            frames.append(.rows(batch.inOrderOfID()))
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
            flush(entries, of: key)
        }
        conflicts = [:]
    }

    private mutating func flush(_ entries: [ConflictBatch.Entry], of key: ConflictKey) {
        let table = schema.tables[key.table]
        let field = table.fields[key.field]
        var batch = ConflictBatch(table: table.name, field: field.name, rule: field.merge.rawValue, entries: [])
        var bytes = 0
        for entry in entries {
            let size = entry.heads.reduce(0) { $0 + $1.value.approximateBytes + $1.user.utf8.count + 16 }
            if !batch.entries.isEmpty, batch.entries.count >= Limits.batchRows || bytes + size > Limits.conflictBytes {
                frames.append(.conflicts(batch))
                (batch.entries, bytes) = ([], 0)
            }
            batch.entries.append(entry)
            bytes += size
        }
        frames.append(.conflicts(batch))
    }

    /// Whole rows first: what changes a part of a large row must find it.
    private mutating func flushRows() {
        flushRows { $0.isComplete }
        flushRows { _ in true }
    }

    private mutating func flushRows(where isDue: (Key) -> Bool) {
        let due = open.filter { isDue($0.key) }.sorted { left, right in
            let (one, other) = ((left.key.table, left.key.mask), (right.key.table, right.key.mask))
            return one == other ? left.key.fields.members.lexicographicallyPrecedes(right.key.fields.members) : one < other
        }
        for (key, entry) in due {
            frames.append(.rows(entry.batch.inOrderOfID()))
            openBytes -= entry.bytes
            open[key] = nil
        }
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

extension RowBatch {
    /// Rows come in order under each root; those of several roots are put in one, which says nothing of where they hang.
    fileprivate func inOrderOfID() -> RowBatch {
        let order = ids.indices.sorted { ids[$0] < ids[$1] }
        if order.elementsEqual(ids.indices) { return self }
        var sorted = self
        sorted.ids = order.map { ids[$0] }
        sorted.positions = order.map { positions[$0] }
        if isComplete { sorted.roots = order.map { roots[$0] } }
        sorted.columns = columns.map { column in order.map { column[$0] } }
        return sorted
    }
}
