import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Keeps own unacknowledged edits on top of what the server says: shown = base ⊕ own operations (DESIGN §8).
enum Overlay {
    /// Notes a local change and gives it as it will travel.
    static func record(
        _ change: OpenChange, counter: UInt64, position: Position, schema: Schema, _ store: any ReplicaStore
    ) throws -> Change {
        let table = schema.tables[change.key.table]
        let placed = try store.readable(change.key)
        var shadow = try store.shadow(change.key) ?? Shadow(baseExists: placed != nil)
        var writes: [CellWrite] = []
        switch change.operation {
        case .insert:
            shadow.existenceCounter = counter
            shadow.isDeletedHere = false
        case .delete:
            shadow.existenceCounter = counter
            shadow.isDeletedHere = true
        case .update: break
        }
        for cell in change.cells {
            let isHidden = placed.map { !$0.contains(cell.field) } ?? false
            var entry =
                shadow.cells[cell.field] ?? Shadow.Cell(base: cell.before, counter: 0, seen: isHidden ? .zero : position)
            if change.operation == .delete {
                // Saved so that a refused delete can put the row back; edits under way end with the row.
                entry.counter = 0
            } else {
                if entry.counter == 0 { entry.seen = isHidden ? .zero : position }
                entry.counter = counter
                writes.append(
                    CellWrite(
                        field: table.fields[cell.field].name, value: cell.after, seen: entry.seen == position ? nil : entry.seen
                    ))
            }
            shadow.cells[cell.field] = entry
        }
        if change.operation == .delete {
            shadow.cells = shadow.cells.mapValues { Shadow.Cell(base: $0.base, counter: 0, seen: $0.seen) }
        }
        try store.setShadow(shadow, of: change.key)
        return Change(
            table: table.name, id: change.key.id, operation: change.operation, seen: position, cells: writes)
    }

    /// Takes in the server's word on one row that has pending edits.
    /// - Returns: whether anything that is shown changed.
    static func receive(
        _ values: [Int: Value], isComplete: Bool, of key: RowKey, readable: FieldSet, _ store: any ReplicaStore
    ) throws -> Bool {
        guard var shadow = try store.shadow(key) else { return false }
        let shown = try store.row(key)
        shadow.baseExists = true
        var changed: [Int: Value] = [:]
        for (field, value) in values {
            if shadow.isDeletedHere || shadow.cells[field] != nil {
                let counter = shadow.cells[field]?.counter ?? 0
                let seen = shadow.cells[field]?.seen ?? .zero
                shadow.cells[field] = Shadow.Cell(base: value, counter: counter, seen: seen)
            } else if shown?[field] != value {
                changed[field] = value
            }
        }
        if isComplete {
            // What the mask no longer covers is blanked, saved values too; a pending edit of it stays only in the queue.
            shadow.cells = shadow.cells.filter { readable.contains($0.key) }
            for (field, value) in (shown ?? []).enumerated() where !readable.contains(field) && !value.isNull {
                changed[field] = .null
            }
        }
        try store.setShadow(shadow, of: key)
        if !changed.isEmpty, !shadow.isDeletedHere { try store.setRow(key, values: changed) }
        return !changed.isEmpty
    }

    /// The server judged all transactions up to a counter, and has said what came of them: their overlays go, and the base
    /// shows.
    /// - Returns: rows whose shown values changed by it.
    static func acknowledge(through counter: UInt64, _ store: any ReplicaStore) throws -> Set<RowKey> {
        var touched: Set<RowKey> = []
        for key in try store.shadowedRows() {
            guard var shadow = try store.shadow(key) else { continue }
            if try settle(&shadow, key, counter, store) { touched.insert(key) }
            let isPending = shadow.existenceCounter > 0 || shadow.cells.values.contains { $0.counter > 0 }
            try store.setShadow(isPending ? shadow : nil, of: key)
        }
        return touched
    }

    private static func settle(
        _ shadow: inout Shadow, _ key: RowKey, _ counter: UInt64, _ store: any ReplicaStore
    ) throws -> Bool {
        var hasChanged = false
        if shadow.existenceCounter > 0, shadow.existenceCounter <= counter {
            shadow.existenceCounter = 0
            if shadow.isDeletedHere {
                shadow.isDeletedHere = false
                if shadow.baseExists {
                    // The delete did not take: the row comes back as the server has it.
                    try store.setRow(key, values: shadow.cells.mapValues(\.base))
                    hasChanged = true
                } else {
                    try store.removeRow(key, keepPlacement: false)
                }
                shadow.cells = [:]
            } else if !shadow.baseExists {
                // The insert did not take.
                try store.removeRow(key, keepPlacement: false)
                shadow.cells = [:]
                return true
            }
        }
        if shadow.isDeletedHere { return hasChanged }
        var restored: [Int: Value] = [:]
        let shown = try store.row(key)
        for (field, cell) in shadow.cells where cell.counter <= counter {
            shadow.cells[field] = nil
            if shown?[field] != cell.base { restored[field] = cell.base }
        }
        if !restored.isEmpty, shown != nil {
            try store.setRow(key, values: restored)
            hasChanged = true
        }
        return hasChanged
    }

    /// The row left, or is gone for everyone: its pending edits stay in the queue until they are judged, without
    /// before-images, which hold what may no longer be held.
    static func forget(_ key: RowKey, _ store: any ReplicaStore) throws {
        try store.setShadow(nil, of: key)
        try store.removeRow(key, keepPlacement: false)
        try store.removeConflicts(of: key)
    }
}
