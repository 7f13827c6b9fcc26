import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Rows by key, and their writing with the index that leads from a root to its rows by their last change.
extension SQLiteSession {
    func row(_ key: RowKey) throws -> StoredRow? { try numbered(key)?.row }

    private func numbered(_ key: RowKey) throws -> NumberedRow? {
        if let found = known?[key] { return found }
        guard layout.tables.indices.contains(key.table) else { return nil }
        let table = layout.tables[key.table]
        var query = try statement(table.selectByID)
        try query.bind(key.id.text)
        guard try query.step() else { return nil }
        let found = try decode(query, table)
        known?[key] = found
        return found
    }

    func decode(_ query: borrowing BoundStatement, _ table: TableLayout) throws -> NumberedRow {
        guard let id = RowID(try query.text(1)) else { throw SatchelError.damaged("a row without an id") }
        let first = Int32(TableLayout.columns.count)
        var values: [Value] = []
        values.reserveCapacity(table.table.fields.count)
        for field in table.table.fields.indices { values.append(try query.value(first + Int32(field))) }
        let state = try PackedRow.decode(query.bytes(6)) { values.indices.contains($0) ? values[$0] : .null }
        let row = StoredRow(
            key: RowKey(table: table.index, id: id), state: state, ownRoot: query.isNull(2) ? nil : query.root(2),
            links: try RecordCoding.decodeLinks(query.bytes(5)), position: query.position(3))
        return NumberedRow(number: RowNumber(query.integer(0)), row: row)
    }

    func referencing(table: Int, field: Int, id: RowID) throws -> [RowID] {
        guard layout.tables.indices.contains(table), let sql = layout.tables[table].selectReferencing(field: field) else {
            return []
        }
        var query = try statement(sql)
        try query.bind(id.text)
        var found: [RowID] = []
        while try query.step() {
            if let id = RowID(try query.text(0)) { found.append(id) }
        }
        return found.sorted()
    }

    // MARK: Writing

    /// A place in the index: what the rows of a root are found by.
    private struct Place: Hashable, Comparable {
        let root: RootNumber
        let position: Position
        let number: RowNumber

        static func < (left: Place, right: Place) -> Bool {
            (left.root, left.position, left.number) < (right.root, right.position, right.number)
        }
    }

    /// In key order, so that neighbours share pages.
    func store(_ rows: [StoredRow]) throws {
        var left: Set<Place> = []
        var taken: Set<Place> = []
        for row in rows.sorted(by: { $0.key < $1.key }) {
            let before = try numbered(row.key)
            let after = NumberedRow(number: try before?.number ?? nextNumber(row.key.table), row: row)
            if let before { try update(before, to: row) } else { try insert(after) }
            if let own = row.ownRoot, own != .global, own != before?.row.ownRoot { try setOwner(of: own, after.number) }
            known?[row.key] = after
            left.formUnion(before.map(places) ?? [])
            taken.formUnion(places(of: after))
        }
        for place in left.subtracting(taken).sorted() {
            try write("DELETE FROM root_row WHERE root = ? AND position = ? AND row = ?", place)
        }
        for place in taken.subtracting(left).sorted() {
            try write("INSERT INTO root_row (root, position, row) VALUES (?, ?, ?)", place)
        }
    }

    /// One a root, however often the row hung there: where it was last there.
    private func places(of numbered: NumberedRow) -> [Place] {
        Set(numbered.row.links.lazy.map(\.root)).compactMap { root in
            numbered.row.position(under: root).map { Place(root: root, position: $0, number: numbered.number) }
        }
    }

    private func write(_ sql: String, _ place: Place) throws {
        var query = try statement(sql)
        try query.bind(place.root)
        try query.bind(place.position)
        try query.bind(place.number.number)
        try query.run()
    }

    private func setOwner(of root: RootNumber, _ number: RowNumber) throws {
        var query = try statement("INSERT OR REPLACE INTO root (number, row) VALUES (?, ?)")
        try query.bind(root)
        try query.bind(number.number)
        try query.run()
    }

    private func nextNumber(_ table: Int) throws -> RowNumber {
        let next: RowNumber
        if let last = lastNumbers[table] {
            next = RowNumber(after: last.number, table: table)
        } else {
            var query = try statement(layout.tables[table].lastNumber)
            next = RowNumber(after: try query.step() ? query.optionalInteger(0) : nil, table: table)
        }
        lastNumbers[table] = next
        return next
    }

    private func insert(_ numbered: NumberedRow) throws {
        let table = layout.tables[numbered.row.key.table]
        var query = try statement(table.insert)
        try query.bind(numbered.number.number)
        try query.bind(numbered.row.key.id.text)
        try bind(numbered.row, to: &query)
        for field in table.table.fields.indices { try query.bind(numbered.row.state.value(field)) }
        try query.run()
    }

    private func update(_ before: NumberedRow, to row: StoredRow) throws {
        let table = layout.tables[row.key.table]
        let moves = table.references.contains { before.row.state.value($0) != row.state.value($0) }
        var query = try statement(moves ? table.update : table.updateUnreferenced)
        try bind(row, to: &query)
        for field in table.table.fields.indices where moves || !table.references.contains(field) {
            try query.bind(row.state.value(field))
        }
        try query.bind(before.number.number)
        try query.run()
    }

    private func bind(_ row: StoredRow, to query: inout BoundStatement) throws {
        try query.bind(row.ownRoot.map { Int64(clamping: $0.number) })
        try query.bind(row.position)
        try query.bind(row.state.isAlive)
        try query.bind(RecordCoding.encode(row.links))
        try query.bind(PackedRow.encode(row.state))
    }
}
