import SatchelCore
import SatchelProtocol

/// The changes of a transaction by table, operation and list of fields.
enum ChangeGroups {
    /// In an order that depends on what the changes are and not on how they came: groups by the bytes of their table,
    /// operation and fields, changes by id.
    static func sorted(_ changes: [Change]) throws(SatchelError) -> [[Change]] {
        var places: [[UInt8]: Int] = [:]
        var groups: [(key: [UInt8], changes: [Change])] = []
        for change in changes {
            try Checks.name(change.table)
            let key = key(change)
            if let place = places[key] {
                groups[place].changes.append(change)
            } else {
                try Checks.fields(change.cells.map(\.field))
                places[key] = groups.count
                groups.append((key, [change]))
            }
        }
        groups.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return groups.map { group in group.changes.sorted { $0.id < $1.id } }
    }

    /// Names hold no NUL, so that no two lists share a key.
    private static func key(_ change: Change) -> [UInt8] {
        var key = Array(change.table.utf8)
        key.append(0)
        key.append(UInt8(change.operation.rawValue))
        for cell in change.cells {
            key.append(contentsOf: cell.field.utf8)
            key.append(0)
        }
        return key
    }
}

/// The names in a transaction, each once: many small groups would otherwise repeat them more often than they have values.
struct ChangedTables {
    private(set) var messages: [Satchel_V1_ChangedTable] = []
    private var tables: [[UInt8]: Int] = [:]
    private var fields: [[[UInt8]: UInt32]] = []

    init(_ changes: [Change]) throws(SatchelError) {
        var names: [[UInt8]: Set<[UInt8]>] = [:]
        for change in changes {
            names[Array(change.table.utf8), default: []].formUnion(change.cells.lazy.map { Array($0.field.utf8) })
        }
        guard names.count <= Limits.schemaTables else {
            throw .tooLarge("A transaction names more than \(Limits.schemaTables) tables.")
        }
        for (table, unsorted) in names.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let sorted = unsorted.sorted { $0.lexicographicallyPrecedes($1) }
            var message = Satchel_V1_ChangedTable()
            message.name = String(decoding: table, as: UTF8.self)
            message.fields = sorted.map { String(decoding: $0, as: UTF8.self) }
            try Checks.fields(message.fields)
            tables[table] = messages.count
            messages.append(message)
            fields.append(Dictionary(uniqueKeysWithValues: zip(sorted, (0...).lazy.map { UInt32($0) })))
        }
    }

    func table(of change: Change) -> Int { tables[Array(change.table.utf8)] ?? 0 }
    func field(_ name: String, table: Int) -> UInt32 { fields[table][Array(name.utf8)] ?? 0 }
}

extension Satchel_V1_ChangeGroup {
    /// - Parameter changes: of one table, operation and list of fields; at least one.
    init(_ changes: [Change], seen: Position, tables: ChangedTables) throws(SatchelError) {
        self.init()
        guard let first = changes.first else { return }
        if first.operation == .delete, !first.cells.isEmpty { throw .malformed("A delete has cells.") }
        let table = tables.table(of: first)
        self.table = UInt32(table)
        operation =
            switch first.operation {
            case .insert: .insert
            case .update: .update
            case .delete: .delete
            }
        fields = first.cells.map { tables.field($0.field, table: table) }
        ids = RowIDCoding.encode(changes.map(\.id))
        columns.reserveCapacity(fields.count)
        for place in fields.indices {
            columns.append(try ColumnCoding.encode(changes.map { $0.cells[place].value }))
        }
        for (row, change) in changes.enumerated() {
            if change.seen != seen {
                seenRows.append(UInt32(row))
                seenPositions.append(change.seen.number)
            }
            for (field, cell) in change.cells.enumerated() {
                guard let own = cell.seen else { continue }
                cellRows.append(UInt32(row))
                cellFields.append(UInt32(field))
                cellPositions.append(own.number)
            }
        }
    }

    func decoded(seen: Position, tables: [Satchel_V1_ChangedTable]) throws(SatchelError) -> [Change] {
        guard table < UInt32(tables.count) else { throw .malformed("A group of changes names a table that is not there.") }
        let named = tables[Int(table)]
        guard Set(fields).count == fields.count, fields.allSatisfy({ $0 < UInt32(named.fields.count) }) else {
            throw .malformed("A group of changes names a field twice, or one that is not there.")
        }
        let operation: Operation
        switch self.operation {
        case .insert: operation = .insert
        case .update: operation = .update
        case .delete: operation = .delete
        case .unspecified, .UNRECOGNIZED: throw .malformed("A change has an unknown operation.")
        }
        if operation == .delete, !fields.isEmpty { throw .malformed("A delete has cells.") }
        try Checks.equal(columns.count, fields.count, "columns in a group of changes")
        var changes: [Change] = []
        for id in try RowIDCoding.decode(ids) {
            changes.append(Change(table: named.name, id: id, operation: operation, seen: seen, cells: []))
            changes[changes.count - 1].cells.reserveCapacity(fields.count)
        }
        for (field, column) in zip(fields, columns) {
            let name = named.fields[Int(field)]
            for (row, value) in try ColumnCoding.decode(column, count: changes.count).enumerated() {
                changes[row].cells.append(CellWrite(field: name, value: value))
            }
        }
        try decodeSeen(into: &changes)
        return changes
    }

    private func decodeSeen(into changes: inout [Change]) throws(SatchelError) {
        try Checks.equal(seenPositions.count, seenRows.count, "positions seen of rows")
        var least = 0
        for (row, position) in zip(seenRows, seenPositions) {
            guard Int(row) >= least, Int(row) < changes.count else {
                throw .malformed("A list of rows does not rise.")
            }
            changes[Int(row)].seen = Position(position)
            least = Int(row) + 1
        }
        try Checks.equal(cellFields.count, cellRows.count, "fields of cells")
        try Checks.equal(cellPositions.count, cellRows.count, "positions seen of cells")
        least = 0
        for (place, row) in cellRows.enumerated() {
            let field = Int(cellFields[place])
            let cell = Int(row) * Limits.tableFields + field
            guard cell >= least, Int(row) < changes.count, field < fields.count else {
                throw .malformed("A list of cells does not rise.")
            }
            changes[Int(row)].cells[field].seen = Position(cellPositions[place])
            least = cell + 1
        }
    }
}
