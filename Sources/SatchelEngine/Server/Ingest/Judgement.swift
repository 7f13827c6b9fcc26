import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What may land of one transaction: decided from its causal past and the rules in force, changing nothing. Verdicts look
/// back, not sideways (DESIGN §5).
struct Judgement {
    /// One row change, with what is left of it.
    struct Draft {
        var change: Change
        var key: RowKey
        var table: Table
        /// By field index; refused ones are gone.
        var cells: [Int: CellWrite]
        /// Insert of a row that this writer may treat as its own new one.
        var creates = false

        func value(_ field: Int, in row: StoredRow?) -> Value {
            cells[field]?.value ?? row?.state.value(field) ?? .null
        }
    }

    /// A change, or one cell of it, that does not land.
    struct Refused {
        var change: Change
        /// Nil for the whole row.
        var cell: CellWrite?
        var code: ErrorCode
        var reason: String
    }

    let item: IngestItem
    let transaction: Transaction
    let dot: Dot
    let position: Position
    let time: HLC
    let authorisation: Authorisation
    let bound: Position
    let kin: [ReplicaID: UInt64]

    var inserts: [RowKey: Draft] = [:]
    var rootBound: RootBound?
    /// The scopes that the inserts will be in.
    var newScopes: [RowKey: Set<Scope>] = [:]
    var updates: [Draft] = []
    var deletes: [Draft] = []
    var refused: [Refused] = []
    /// Rows that were deleted before the writer's change arrived, or in a later life.
    var overtaken: [Change] = []

    init(
        item: IngestItem, transaction: Transaction, dot: Dot, position: Position, time: HLC, authorisation: Authorisation,
        bound: Position, kin: [ReplicaID: UInt64] = [:]
    ) {
        self.item = item
        self.transaction = transaction
        self.dot = dot
        self.position = position
        self.time = time
        self.authorisation = authorisation
        self.bound = bound
        self.kin = kin
    }

    mutating func judge(_ state: IngestState) {
        for change in transaction.changes { sort(change, state) }
        rootBound = RootBound(
            Array(inserts.values)
                + updates.filter { draft in draft.table.placing.members.contains { draft.cells[$0] != nil } }, state)
        settleInserts(state)
        for index in updates.indices { judgeUpdate(index, state) }
        updates.removeAll { $0.cells.isEmpty }
        answerOnce()
        if transaction.isAtomic, !refused.isEmpty || !overtaken.isEmpty { refuseAll() }
    }

    // MARK: Form

    private mutating func sort(_ change: Change, _ state: IngestState) {
        guard let index = state.schema.tableIndex(change.table) else {
            return refuse(change, .unknownTable, "There is no table “\(change.table)” here.")
        }
        let table = state.schema.tables[index]
        // What its writer had seen was in another log: nothing here can be compared with it.
        if state.forks[transaction.epoch] == nil, change.hasSeen {
            return refuse(change, .epochUnknown, "The change was written against another life of this server's log.")
        }
        if !item.isTrusted, ([change.seen] + change.cells.compactMap(\.seen)).contains(where: { isUnproven($0, state) }) {
            return refuse(change, .seenNotSent, "The change claims to have seen what was never sent.")
        }
        var draft = Draft(change: change, key: RowKey(table: index, id: change.id), table: table, cells: [:])
        for cell in change.cells {
            if let (code, reason) = fault(of: cell, in: table) {
                refuse(change, cell: cell, code, reason)
            } else if let field = table.fieldIndex(cell.field) {
                draft.cells[field] = cell
            }
        }
        let row = state.row(draft.key)
        switch change.operation {
        case .insert: sortInsert(&draft, row, state)
        case .update: sortUpdate(draft, row, state)
        case .delete: sortDelete(draft, row, state)
        }
    }

    /// Whether a position that a change claims to have seen was never sent to its writer. What was seen in an earlier life of
    /// the log counts up to where that was left, and a checkpoint of this one covers all of it; one of an earlier life proves
    /// nothing of this one beyond where that was left.
    private func isUnproven(_ seen: Position, _ state: IngestState) -> Bool {
        if transaction.epoch == item.epoch { return seen > item.proven }
        return min(seen, bound) > min(item.proven, state.forks[item.epoch] ?? .zero)
    }

    private func fault(of cell: CellWrite, in table: Table) -> (ErrorCode, String)? {
        guard let field = table.field(cell.field) else {
            return (.unknownField, "There is no field “\(cell.field)” in \(table.name).")
        }
        guard let fault = field.check(cell.value, valueBytes: Limits.valueBytes) else { return nil }
        return (ErrorCode(rawValue: fault.code), fault.message)
    }

    private mutating func sortInsert(_ draft: inout Draft, _ row: StoredRow?, _ state: IngestState) {
        guard let row, row.state.existence.length > 0 else {
            guard item.isTrusted || draft.key.id.isUUIDv7 else {
                return refuse(draft.change, .invalidID, "A new row needs an id of its own: a UUID of version 7.")
            }
            draft.creates = true
            inserts[draft.key] = draft
            return
        }
        // An id that exists where the writer cannot see it must read like one that is not well made.
        guard rights(of: row, draft, state).canSee else {
            return refuse(draft.change, .invalidID, "A new row needs an id of its own: a UUID of version 7.")
        }
        if row.state.isAlive {
            updates.append(draft)
        } else {
            draft.creates = true
            inserts[draft.key] = draft
        }
    }

    private mutating func sortUpdate(_ draft: Draft, _ row: StoredRow?, _ state: IngestState) {
        guard let row, rights(of: row, draft, state).canSee else { return refuse(draft.change, outOfScope: draft.table) }
        if row.state.isAlive {
            updates.append(draft)
        } else {
            var change = draft.change
            change.cells = draft.cells.sorted { $0.key < $1.key }.map(\.value)
            if !change.cells.isEmpty { overtaken.append(change) }
        }
    }

    private mutating func sortDelete(_ draft: Draft, _ row: StoredRow?, _ state: IngestState) {
        guard let row else { return refuse(draft.change, outOfScope: draft.table) }
        let rights = rights(of: row, draft, state)
        guard rights.canSee else { return refuse(draft.change, outOfScope: draft.table) }
        guard rights.delete else {
            return refuse(draft.change, .deleteNotPermitted, "Your role may not delete rows of \(draft.table.name) here.")
        }
        deletes.append(draft)
    }

    // MARK: Updating

    private mutating func judgeUpdate(_ index: Int, _ state: IngestState) {
        var draft = updates[index]
        guard let row = state.row(draft.key) else { return }
        let rights = rights(of: row, draft, state)
        let name = draft.table.name
        for (field, cell) in draft.cells.sorted(by: { $0.key < $1.key }) {
            if !rights.write.contains(field) {
                refuse(draft.change, cell: cell, .fieldNotWritable, "Your role may not write \(name).\(cell.field) here.")
                draft.cells[field] = nil
            } else if !isReferenceGood(cell, field, draft, state) {
                refuseReference(cell, in: &draft, field)
            }
        }
        let moving = draft.cells.keys.filter {
            draft.table.placing.contains($0) && draft.value($0, in: nil) != row.state.value($0)
        }
        if !moving.isEmpty { judgeMove(&draft, moving.sorted(), row, state) }
        updates[index] = draft
    }

    /// Writing a partition field needs the right at the source, which was asked, and at the destination.
    private mutating func judgeMove(_ draft: inout Draft, _ moving: [Int], _ row: StoredRow, _ state: IngestState) {
        var scopes = IngestState.ownScopes(draft.table) { draft.value($0, in: row) }
        for field in draft.table.partition.compactMap(\.through) {
            guard let parent = state.schema.target(of: draft.value(field, in: row), table: draft.key.table, field: field)
            else { continue }
            if inserts[parent] != nil {
                scopes.formUnion(newScopes[parent] ?? [])
            } else if let stored = state.row(parent) {
                scopes.formUnion(state.scopes(of: stored))
            }
        }
        let rights = authorisation.rights(table: draft.key.table, draft.table, scopes: scopes)
        for field in moving {
            guard let cell = draft.cells[field] else { continue }
            if rootBound?.isExceeded(draft.key) == true {
                refuse(draft.change, cell: cell, .tooLarge, Self.tooManyRoots)
                draft.cells[field] = nil
            } else if scopes.isEmpty, !authorisation.isEverything {
                refuse(draft.change, cell: cell, .noScope, "Without \(cell.field) nothing would place this row.")
                draft.cells[field] = nil
            } else if !rights.write.contains(field) {
                refuse(
                    draft.change, cell: cell, .moveNotPermitted, "Your role may not move a row of \(draft.table.name) there.")
                draft.cells[field] = nil
            }
        }
    }

    // MARK: References

    /// A reference may name only a row visible to the writer, or made in their own past (DESIGN §5).
    func isReferenceGood(_ cell: CellWrite, _ field: Int, _ draft: Draft, _ state: IngestState) -> Bool {
        guard case .reference = draft.table.fields[field].type, !cell.value.isNull else { return true }
        guard let target = state.schema.target(of: cell.value, table: draft.key.table, field: field) else { return false }
        if inserts[target] != nil { return true }
        guard let row = state.row(target), row.state.isAlive else { return false }
        return authorisation.rights(
            table: target.table, state.schema.tables[target.table], scopes: state.scopes(of: row)
        ).canSee
    }

    mutating func refuseReference(_ cell: CellWrite, in draft: inout Draft, _ field: Int) {
        refuse(
            draft.change, cell: cell, .referenceNotVisible, Self.unseenReference(draft.table.name, cell.field))
        draft.cells[field] = nil
    }

    static let tooManyRoots =
        "The row would hang below more than \(Limits.rowRoots) rows that each have a place of their own."

    static func unseenReference(_ table: String, _ field: String) -> String {
        "\(table).\(field) names a row that is not there, or that you may not see."
    }

    private func rights(of row: StoredRow, _ draft: Draft, _ state: IngestState) -> Rights {
        authorisation.rights(table: draft.key.table, draft.table, scopes: state.scopes(of: row))
    }

    // MARK: Refusing

    /// Without a cell: the whole change, which for an update is each of its cells, so that each can be looked at, tried again
    /// or given up on its own.
    mutating func refuse(_ change: Change, cell: CellWrite? = nil, _ code: ErrorCode, _ reason: String) {
        if cell == nil, change.operation == .update, !change.cells.isEmpty {
            for cell in change.cells { refuse(change, cell: cell, code, reason) }
            return
        }
        refused.append(Refused(change: change, cell: cell, code: code, reason: reason))
    }

    /// Absent, moved away, never visible: one code and one sentence for all of them.
    private mutating func refuse(_ change: Change, outOfScope table: Table) {
        refuse(change, .noLongerInScope, "This row of \(table.name) is not, or no longer, in your scope.")
    }

    /// Each change is answered once: a row that is refused whole takes its cells with it, and a cell keeps its first refusal.
    private mutating func answerOnce() {
        let whole = Set(refused.lazy.filter { $0.cell == nil }.map { RowName($0.change) })
        var named: Set<CellName> = []
        refused.removeAll { entry in
            guard let cell = entry.cell else { return false }
            let row = RowName(entry.change)
            return whole.contains(row) || !named.insert(CellName(row: row, field: cell.field)).inserted
        }
    }

    private struct CellName: Hashable {
        let row: RowName
        let field: String
    }

    private struct RowName: Hashable {
        let table: String
        let id: RowID

        init(_ change: Change) {
            table = change.table
            id = change.id
        }
    }

    private mutating func refuseAll() {
        let named = Dictionary(grouping: refused) { RowName($0.change) }
        for change in transaction.changes {
            guard let fallen = named[RowName(change)] else {
                refuse(change, .atomicRefused, Self.atomicReason)
                continue
            }
            // A change of which only cells were named falls whole.
            guard fallen.allSatisfy({ $0.cell != nil }) else { continue }
            let fields = Set(fallen.compactMap { $0.cell?.field })
            for cell in change.cells where !fields.contains(cell.field) {
                refuse(change, cell: cell, .atomicRefused, Self.atomicReason)
            }
        }
        inserts = [:]
        updates = []
        deletes = []
        overtaken = []
    }

    private static let atomicReason = "Another part of the same atomic transaction could not land."
}

extension Change {
    /// Whether it claims to have seen anything at all.
    fileprivate var hasSeen: Bool { seen > .zero || cells.contains { ($0.seen ?? .zero) > .zero } }
}

extension RowID {
    /// Whether the text is a UUID of version 7 in lower case, as replicas mint them.
    var isUUIDv7: Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                if byte != UInt8(ascii: "-") { return false }
            } else if !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte) {
                return false
            }
        }
        return bytes[14] == UInt8(ascii: "7")
            && [UInt8(ascii: "8"), UInt8(ascii: "9"), UInt8(ascii: "a"), UInt8(ascii: "b")].contains(bytes[19])
    }
}

extension Table {
    /// The names of the placing fields, for messages.
    var placingNames: String { placing.members.map { fields[$0].name }.joined(separator: ", ") }
}
