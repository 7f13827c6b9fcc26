import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Compares what a full run brings with the rows that are here already.
///
/// Where the store may hold writes that no trigger logged, a value that differs and that no pending edit explains is kept as
/// a refusal before the server's takes its place.
struct FullComparison {
    let store: any ReplicaStore
    let clock: ClockReading
    /// Own values that the queue still holds; nil when everything written here was logged.
    let pending: [RowKey: [Int: Value]]?
    /// Where the replica stood.
    let position: Position
    private var received: [Int: Set<RowID>] = [:]
    /// Values of rows that did not come in one part, which the first part blanks.
    private var unnamed: [RowKey: [Int: Value]] = [:]

    init(store: any ReplicaStore, clock: ClockReading, position: Position, pending: [RowKey: [Int: Value]]?) {
        self.store = store
        self.clock = clock
        self.position = position
        self.pending = pending
    }

    func hasReceived(_ id: RowID, table: Int) -> Bool { received[table]?.contains(id) == true }

    /// - Parameters:
    ///   - positions: where each row last changed.
    ///   - readable: by the rows' mask.
    mutating func compare(
        _ rows: IncomingRows, positions: [Position], readable: FieldSet, _ table: Table, _ report: inout ApplyReport
    ) throws {
        received[rows.table, default: []].formUnion(rows.ids)
        for (place, id) in rows.ids.enumerated() {
            let key = RowKey(table: rows.table, id: id)
            let shadow = try store.shadow(key)
            guard let shown = try store.row(key) else {
                guard shadow?.isDeletedHere != true else { continue }
                report.note(Difference(table: table.name, id: id, field: nil))
                if let own = pending?[key], shadow != nil { try store.setRow(key, values: own) }
                continue
            }
            let isNewer = positions.indices.contains(place) && positions[place] > position
            for (column, field) in rows.fields.enumerated() {
                let incoming = rows.columns[column][place]
                let local = unnamed[key]?.removeValue(forKey: field) ?? shown[field]
                let name = table.fields[field].name
                if (shadow?.cells[field]?.base ?? local) != incoming {
                    report.note(Difference(table: table.name, id: id, field: name))
                }
                guard let pending, shadow?.isDeletedHere != true else { continue }
                let isPending = (shadow?.cells[field]?.counter ?? 0) > 0
                guard let expected = isPending ? pending[key]?[field] : incoming, expected != local else { continue }
                try keep(
                    .update, CellWrite(field: name, value: local), of: id, table, isCertain: isPending || !isNewer)
                if isPending { try store.setRow(key, values: [field: expected]) }
            }
            guard rows.isComplete else { continue }
            for field in readable.subtracting(FieldSet(rows.fields)).members where !shown[field].isNull {
                if shadow?.cells[field] == nil { unnamed[key, default: [:]][field] = shown[field] }
            }
        }
    }

    /// What no part of a row named is NULL at the server. Rows that no placement and no pending insert explains were never the
    /// server's: they go, and are kept as refused inserts.
    /// - Returns: the server's earlier rows that did not come.
    mutating func finish(_ schema: Schema, _ report: inout ApplyReport) throws -> [RowKey] {
        for (key, cells) in unnamed.sorted(by: { $0.key < $1.key }) {
            let table = schema.tables[key.table]
            for (field, value) in cells.sorted(by: { $0.key < $1.key }) {
                report.note(Difference(table: table.name, id: key.id, field: table.fields[field].name))
                guard pending != nil else { continue }
                try keep(
                    .update, CellWrite(field: table.fields[field].name, value: value), of: key.id, table, isCertain: false)
            }
        }
        return try schema.tables.indices.flatMap { try sweep($0, schema.tables[$0], &report) }
    }

    private func sweep(_ index: Int, _ table: Table, _ report: inout ApplyReport) throws -> [RowKey] {
        var left: [RowKey] = []
        for id in try store.placedRows(table: index) where !hasReceived(id, table: index) {
            report.note(Difference(table: table.name, id: id, field: nil))
            left.append(RowKey(table: index, id: id))
        }
        for id in try store.unplacedRows(table: index) where !hasReceived(id, table: index) {
            let key = RowKey(table: index, id: id)
            guard try store.shadow(key) == nil, let row = try store.row(key) else { continue }
            report.note(Difference(table: table.name, id: id, field: nil))
            let cells = zip(table.fields, row).filter { !$0.1.isNull }.map { CellWrite(field: $0.name, value: $1) }
            try refuse(.insert, nil, cells, of: id, table, Self.certain)
            try Overlay.forget(key, store)
        }
        return left
    }

    // MARK: Keeping

    private func keep(_ operation: Operation, _ cell: CellWrite, of id: RowID, _ table: Table, isCertain: Bool) throws {
        try refuse(operation, cell.field, [cell], of: id, table, isCertain ? Self.certain : Self.uncertain)
    }

    private func refuse(
        _ operation: Operation, _ field: String?, _ cells: [CellWrite], of id: RowID, _ table: Table, _ reason: String
    ) throws {
        try store.addRefusal(
            LocalRefusal(
                id: try store.nextLocalRefusal(), table: table.name, row: id, operation: operation, field: field, cells: cells,
                code: .unloggedWrite, reason: reason, writtenMilliseconds: clock.wallMilliseconds))
    }

    private static let certain = "It was written while the file's triggers were missing, so that nobody judged or sent it."
    private static let uncertain =
        "It was written while the file's triggers were missing, or is what the server had before the row was changed there."
}

extension ReplicaEngine {
    /// The newest own value of each cell that the queue holds.
    func pendingValues(_ store: any ReplicaStore) throws -> [RowKey: [Int: Value]] {
        guard let schema = try store.schema() else { return [:] }
        var values: [RowKey: [Int: Value]] = [:]
        for pending in try store.transactions(after: try store.state().appliedThrough, limit: .max, bytes: .max) {
            for change in try coding.decode(pending.sealed.payload).changes {
                guard let index = schema.tableIndex(change.table) else { continue }
                let key = RowKey(table: index, id: change.id)
                if change.operation == .delete { values[key] = nil }
                for cell in change.cells {
                    guard let field = schema.tables[index].fieldIndex(cell.field) else { continue }
                    values[key, default: [:]][field] = cell.value
                }
            }
        }
        return values
    }
}
