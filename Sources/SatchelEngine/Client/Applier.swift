import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Puts the frames of one run into a store.
struct Applier {
    private let store: any ReplicaStore
    private var schema: Schema?
    /// From the run's mask numbers to the store's own.
    private var masks: [UInt32: (own: Int, definition: MaskDefinition)] = [:]
    private let clock: ClockReading
    /// Asked for when a full run must tell own values from others.
    private let pendingValues: () throws -> [RowKey: [Int: Value]]
    private var isFull = false
    /// In a full run over rows that are here already.
    private var comparison: FullComparison?
    private var newConflicts: Set<ConflictKey> = []
    var report = ApplyReport()

    private struct ConflictKey: Hashable {
        let row: RowKey
        let field: Int
    }

    init(
        store: any ReplicaStore, clock: ClockReading, pendingValues: @escaping () throws -> [RowKey: [Int: Value]]
    ) throws {
        self.store = store
        self.clock = clock
        self.pendingValues = pendingValues
        schema = try store.schema()
    }

    mutating func begin(_ begin: PullBegin) throws {
        let position = try store.state().position
        guard begin.from == .zero || begin.from == position else {
            throw Self.malformed("a difference from position \(begin.from), while this replica stands at \(position)")
        }
        isFull = begin.from == .zero
        guard isFull, let schema else { return }
        let isEmpty = try schema.tables.indices.allSatisfy {
            try store.placedRows(table: $0).isEmpty && store.unplacedRows(table: $0).isEmpty
        }
        if isEmpty { return }
        comparison = FullComparison(
            store: store, clock: clock, position: position,
            pending: try store.mayHoldUnlogged() ? try pendingValues() : nil)
    }

    mutating func install(_ schema: Schema) throws {
        try store.install(schema)
        self.schema = schema
    }

    mutating func define(_ definition: MaskDefinition) throws {
        masks[definition.number] = (try store.maskNumber(definition), definition)
    }

    func setPlaces(_ places: Places) throws {
        let numbers = [places.global, places.anywhere, places.own] + places.territories.map(\.mask)
        for number in numbers where masks[number] == nil { throw Self.malformed("a mask that was not defined") }
        try store.setPlaces(places, masks: masks.mapValues(\.own))
    }

    // MARK: Rows

    mutating func receive(_ batch: RowBatch) throws {
        let (table, index) = try table(batch.table)
        guard let mask = masks[batch.mask] else { throw Self.malformed("a mask that was not defined") }
        let fields = try batch.fields.map { name in
            guard let field = table.fieldIndex(name) else { throw Self.malformed("the unknown field \(batch.table).\(name)") }
            return field
        }
        guard batch.columns.count == fields.count, batch.columns.allSatisfy({ $0.count == batch.ids.count }),
            !batch.isComplete || batch.roots.count == batch.ids.count
        else { throw Self.malformed("columns of unequal length") }

        var incoming = IncomingRows(
            table: index, mask: mask.own, isComplete: batch.isComplete, fields: fields, ids: batch.ids, roots: batch.roots,
            columns: batch.columns)
        let rights = mask.definition.tables.first { $0.table == table.name }
        let readable = FieldSet((rights?.read ?? []).compactMap { table.fieldIndex($0) })
        try comparison?.compare(incoming, positions: batch.positions, readable: readable, table, &report)
        if try store.hasConflicts(table: index) { try forgetConflicts(incoming) }
        if try store.hasShadows(table: index) {
            incoming = try receiveShadowed(incoming, table, readable)
        }
        report.pulled += incoming.ids.count
        for id in incoming.ids { report.note(RowChange(kind: .changed, table: table.name, id: id)) }
        if !incoming.ids.isEmpty { try store.receive(incoming) }
    }

    /// Takes rows with pending edits out of a batch, one by one.
    private mutating func receiveShadowed(
        _ rows: IncomingRows, _ table: Table, _ readable: FieldSet
    ) throws -> IncomingRows {
        var rest = IncomingRows(
            table: rows.table, mask: rows.mask, isComplete: rows.isComplete, fields: rows.fields, ids: [], roots: [],
            columns: rows.fields.map { _ in [] })
        for (place, id) in rows.ids.enumerated() {
            let key = RowKey(table: rows.table, id: id)
            guard try store.shadow(key) != nil else {
                rest.ids.append(id)
                if rows.isComplete { rest.roots.append(rows.roots[place]) }
                for column in rows.columns.indices { rest.columns[column].append(rows.columns[column][place]) }
                continue
            }
            var values: [Int: Value] = [:]
            for (column, field) in rows.fields.enumerated() { values[field] = rows.columns[column][place] }
            if try Overlay.receive(values, isComplete: rows.isComplete, of: key, readable: readable, store) {
                report.pulled += 1
                report.note(RowChange(kind: .changed, table: table.name, id: id))
            }
            if rows.isComplete { try store.setPlacement(key, mask: rows.mask, roots: rows.roots[place]) }
        }
        return rest
    }

    private func forgetConflicts(_ rows: IncomingRows) throws {
        for id in rows.ids {
            // A whole row says all that may be known of it: losers of cells that the mask no longer covers go too.
            if rows.isComplete { try store.removeConflicts(of: RowKey(table: rows.table, id: id)) }
            for field in rows.fields where !rows.isComplete {
                try store.setConflict(nil, key: RowKey(table: rows.table, id: id), field: field)
            }
        }
    }

    mutating func setConflicts(_ batch: ConflictBatch) throws {
        let (table, index) = try table(batch.table)
        guard let field = table.fieldIndex(batch.field) else { throw Self.malformed("a conflict in an unknown field") }
        for entry in batch.entries {
            let key = RowKey(table: index, id: entry.id)
            try store.setConflict(LocalConflict(rule: batch.rule, heads: entry.heads), key: key, field: field)
            if newConflicts.insert(ConflictKey(row: key, field: field)).inserted { report.conflicts += 1 }
        }
    }

    // MARK: Leaving

    mutating func remove(_ left: RowsLeft) throws {
        let (_, index) = try table(left.table)
        for id in left.ids { try leave(RowKey(table: index, id: id)) }
    }

    mutating func remove(_ left: RootsLeft) throws {
        for key in try store.detach(roots: left.roots) { try leave(key) }
    }

    private mutating func leave(_ key: RowKey) throws {
        guard let schema, key.table < schema.tables.count else { return }
        let isHere = try store.row(key) != nil
        try Overlay.forget(key, store)
        if isHere {
            report.left += 1
            report.note(RowChange(kind: .left, table: schema.tables[key.table].name, id: key.id))
        }
    }

    func acknowledge(through counter: UInt64) throws {
        _ = try Overlay.acknowledge(through: counter, store)
    }

    // MARK: Full runs

    /// What a full run did not bring is not ours to hold.
    mutating func sweep() throws {
        if let schema {
            for key in try comparison?.finish(schema, &report) ?? [] { try leave(key) }
        }
        comparison = nil
        if isFull { try store.forgetUnlogged() }
    }

    private func table(_ name: String) throws -> (Table, Int) {
        guard let schema, let index = schema.tableIndex(name) else { throw Self.malformed("the unknown table \(name)") }
        return (schema.tables[index], index)
    }

    private static func malformed(_ what: String) -> SatchelError {
        SatchelError(
            .malformed, "The server's answer names \(what).",
            remedy: "Sync again; if it persists, report it to the administrator.")
    }
}
