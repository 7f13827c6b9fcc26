import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// A replica's store in plain dictionaries, for the simulator and for tests. Its whole contents are a value, so that a
/// transaction is rolled back by putting the old one back. Used by one thread at a time.
public final class MemoryReplicaStore: ReplicaStore {
    public struct Placement: Sendable, Hashable {
        public var mask: Int
        public var roots: [UInt64]
    }

    struct Opened: Sendable, Hashable {
        /// The row before the first change since the log was closed; nil when it was not there.
        var before: [Value]?
        var touched: FieldSet
    }

    public struct Contents: Sendable {
        var state = ReplicaState()
        var schema: Schema?
        var opened: [RowKey: Opened] = [:]
        var transactions: [PendingTransaction] = []
        public var pendingTransactions: [PendingTransaction] { transactions }
        public fileprivate(set) var rows: [RowKey: [Value]] = [:]
        public fileprivate(set) var shadows: [RowKey: Shadow] = [:]
        public fileprivate(set) var placements: [RowKey: Placement] = [:]
        var masks: [[MaskDefinition.TableRights]: Int] = [:]
        public fileprivate(set) var rights: [Int: [MaskDefinition.TableRights]] = [:]
        public fileprivate(set) var places: Places?
        public internal(set) var conflicts: [RowKey: [Int: LocalConflict]] = [:]
        public internal(set) var refusals: [RefusalID: LocalRefusal] = [:]
        var overtaken: [OvertakenWrite] = []
        var localRefusals = 0
        var mayHoldUnlogged = false
    }

    public var contents = Contents()

    public init() {}

    // MARK: What an app does

    /// Inserts or changes a row, as an app would by SQL, and logs it.
    public func write(_ key: RowKey, values: [Int: Value]) {
        guard let schema = contents.schema else { return }
        note(key, FieldSet(values.keys))
        var row = contents.rows[key] ?? schema.tables[key.table].fields.map { _ in Value.null }
        for (field, value) in values { row[field] = value }
        contents.rows[key] = row
    }

    public func delete(_ key: RowKey) {
        note(key, FieldSet())
        contents.rows[key] = nil
    }

    /// As a program would that took the triggers away. Nil removes the row.
    public func writeUnlogged(_ key: RowKey, _ row: [Value]?) {
        contents.rows[key] = row
        contents.mayHoldUnlogged = true
    }

    private func note(_ key: RowKey, _ fields: FieldSet) {
        var opened = contents.opened[key] ?? Opened(before: contents.rows[key], touched: FieldSet())
        opened.touched.formUnion(fields)
        contents.opened[key] = opened
    }

    // MARK: ReplicaStore

    public func state() -> ReplicaState { contents.state }
    public func setState(_ state: ReplicaState) { contents.state = state }
    public func schema() -> Schema? { contents.schema }

    public func install(_ schema: Schema) {
        contents.schema = schema
        for (key, row) in contents.rows {
            let missing = schema.tables[key.table].fields.count - row.count
            if missing > 0 { contents.rows[key] = row + [Value](repeating: .null, count: missing) }
        }
    }

    public func takeOpenChanges(limit: Int) -> [OpenChange] {
        var changes: [OpenChange] = []
        for key in contents.opened.keys.sorted() where changes.count < limit {
            guard let opened = contents.opened.removeValue(forKey: key) else { continue }
            if let change = net(key, opened) { changes.append(change) }
        }
        return changes
    }

    private func net(_ key: RowKey, _ opened: Opened) -> OpenChange? {
        let hidden = hiddenFields(key)
        switch (opened.before, contents.rows[key]) {
        case (nil, nil): return nil
        case (nil, let after?):
            let cells = after.indices.filter { !after[$0].isNull }.map {
                OpenChange.Cell(field: $0, before: .null, after: after[$0])
            }
            return OpenChange(key: key, operation: .insert, cells: cells)
        case (let before?, nil):
            let cells = before.indices.filter { !hidden.contains($0) }
                .map { OpenChange.Cell(field: $0, before: before[$0], after: .null) }
            return OpenChange(key: key, operation: .delete, cells: cells)
        case (let before?, let after?):
            let cells = opened.touched.members.map { OpenChange.Cell(field: $0, before: before[$0], after: after[$0]) }
            return cells.isEmpty ? nil : OpenChange(key: key, operation: .update, cells: cells)
        }
    }

    private func hiddenFields(_ key: RowKey) -> FieldSet {
        guard let table = contents.schema?.tables[key.table], let readable = readable(key) else { return FieldSet() }
        return table.all.subtracting(readable)
    }

    public func append(_ transaction: PendingTransaction) { contents.transactions.append(transaction) }

    public func transactions(after counter: UInt64, limit: Int, bytes: Int) -> [PendingTransaction] {
        var out: [PendingTransaction] = []
        var size = 0
        for transaction in contents.transactions where transaction.sealed.counter > counter {
            size += transaction.sealed.payload.count
            if out.count >= limit || (size > bytes && !out.isEmpty) { break }
            out.append(transaction)
        }
        return out
    }

    public func transaction(_ counter: UInt64) -> PendingTransaction? {
        contents.transactions.first { $0.sealed.counter == counter }
    }

    public func removeTransactions(through counter: UInt64) {
        contents.transactions.removeAll { $0.sealed.counter <= counter }
    }

    public func hasShadows(table: Int) -> Bool { contents.shadows.keys.contains { $0.table == table } }
    public func shadowedRows() -> [RowKey] { contents.shadows.keys.sorted() }
    public func shadow(_ key: RowKey) -> Shadow? { contents.shadows[key] }
    public func setShadow(_ shadow: Shadow?, of key: RowKey) { contents.shadows[key] = shadow }
    public func row(_ key: RowKey) -> [Value]? { contents.rows[key] }

    public func setRow(_ key: RowKey, values: [Int: Value]) {
        guard let schema = contents.schema else { return }
        var row = contents.rows[key] ?? schema.tables[key.table].fields.map { _ in Value.null }
        for (field, value) in values { row[field] = value }
        contents.rows[key] = row
    }

    public func removeRow(_ key: RowKey, keepPlacement: Bool) {
        contents.rows[key] = nil
        if !keepPlacement { contents.placements[key] = nil }
    }

    public func readable(_ key: RowKey) -> FieldSet? {
        guard let placement = contents.placements[key], let table = contents.schema?.tables[key.table] else { return nil }
        let rights = contents.rights[placement.mask]?.first { $0.table == table.name }
        return FieldSet((rights?.read ?? []).compactMap { table.fieldIndex($0) })
    }

    public func placedRows(table: Int) -> [RowID] {
        contents.placements.keys.filter { $0.table == table }.map(\.id).sorted()
    }

    public func setPlacement(_ key: RowKey, mask: Int, roots: [UInt64]) {
        contents.placements[key] = Placement(mask: mask, roots: roots)
    }

    public func receive(_ rows: IncomingRows) throws {
        guard let schema = contents.schema else { return }
        for (place, id) in rows.ids.enumerated() {
            let key = RowKey(table: rows.table, id: id)
            var row = schema.tables[rows.table].fields.map { _ in Value.null }
            if !rows.isComplete {
                guard let known = contents.rows[key] else {
                    throw SatchelError(
                        .fileDamaged, "A change came to the row \(id), which is not here.", remedy: "Run `satchel verify`.")
                }
                row = known
            }
            for (column, field) in rows.fields.enumerated() { row[field] = rows.columns[column][place] }
            contents.rows[key] = row
            if rows.isComplete { contents.placements[key] = Placement(mask: rows.mask, roots: rows.roots[place]) }
        }
    }

    public func detach(roots: [UInt64]) -> [RowKey] {
        var bare: [RowKey] = []
        let gone = Set(roots)
        for (key, placement) in contents.placements where placement.roots.contains(where: gone.contains) {
            let rest = placement.roots.filter { !gone.contains($0) }
            contents.placements[key]?.roots = rest
            if rest.isEmpty { bare.append(key) }
        }
        return bare.sorted()
    }

    public func maskNumber(_ definition: MaskDefinition) -> Int {
        if let known = contents.masks[definition.tables] { return known }
        let number = contents.masks.count + 1
        contents.masks[definition.tables] = number
        contents.rights[number] = definition.tables
        return number
    }

    public func setPlaces(_ places: Places, masks: [UInt32: Int]) { contents.places = places }
}
