import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The bulk path: statements compiled once for a batch and bound by hand, rows in key order.
extension SQLiteReplicaStore {
    public func receive(_ rows: IncomingRows) throws {
        let names = try reader.names(rows.table)
        try check(rows, names)
        guard !rows.ids.isEmpty else { return }
        try beginApplying()
        connection.touched.insert(names.table.name)
        let order = keyOrder(rows.ids)
        if rows.isComplete {
            try place(rows, order, names)
            try show(rows, order, names)
        } else {
            try change(rows, order, names)
        }
    }

    private func check(_ rows: IncomingRows, _ names: TableNames) throws {
        let isSound =
            rows.fields.allSatisfy(names.table.fields.indices.contains) && Set(rows.fields).count == rows.fields.count
            && rows.columns.count == rows.fields.count && rows.columns.allSatisfy { $0.count == rows.ids.count }
            && (!rows.isComplete || rows.roots.count == rows.ids.count)
        guard isSound else {
            throw SatchelError(
                .malformed, "A batch of rows of \(names.table.name) does not fit together.",
                remedy: "Report this to the server's administrator.")
        }
    }

    /// Indexes fill best in their own order; batches mostly come in it.
    private func keyOrder(_ ids: [RowID]) -> [Int] {
        let order = Array(ids.indices)
        let isSorted = zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }
        return isSorted ? order : order.sorted { ids[$0] < ids[$1] }
    }

    /// Whatever else was held of a row is blanked.
    private func show(_ rows: IncomingRows, _ order: [Int], _ names: TableNames) throws {
        let columns = rows.fields.map { SQLText.name(names.table.fields[$0].name) }
        let sent = Set(rows.fields)
        let updates = names.table.fields.enumerated().map { index, field in
            let name = SQLText.name(field.name)
            return sent.contains(index) ? "\(name) = excluded.\(name)" : "\(name) = NULL"
        }
        let action = updates.isEmpty ? "DO NOTHING" : "DO UPDATE SET " + updates.joined(separator: ", ")
        let statement = try connection.prepare(
            "INSERT INTO \(names.shown) (\((["\"id\""] + columns).joined(separator: ", ")))"
                + " VALUES (\(SQLText.marks(columns.count + 1))) ON CONFLICT (\"id\") \(action)")
        defer { statement.reset() }
        for index in order {
            try statement.bind(rows.ids[index].text, at: 1)
            for (place, column) in rows.columns.enumerated() { try statement.bind(column[index], at: place + 2) }
            try statement.run()
        }
    }

    private func place(_ rows: IncomingRows, _ order: [Int], _ names: TableNames) throws {
        let mayReplace = try connection.exists("SELECT 1 FROM \(names.placed)")
        let mayBeMadeHere = try connection.exists("SELECT 1 FROM \(names.made)")
        let statement = try connection.prepare(
            "INSERT INTO \(names.placed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (\"id\") DO UPDATE SET"
                + " \"mask\" = ?2, \"root\" = ?3, \"more\" = ?4")
        defer { statement.reset() }
        for index in order {
            let key = RowKey(table: rows.table, id: rows.ids[index])
            if mayReplace, let old = try placement(key) {
                try forgetFurtherRoots(old.roots, key)
                if old.mask != rows.mask { markBlanked() }
            }
            let roots = rows.roots[index].sorted()
            try statement.bind(key.id.text, at: 1)
            try statement.bind(Int64(rows.mask), at: 2)
            let columns = Self.columns(roots)
            try statement.bind(columns[0], at: 3)
            try statement.bind(columns[1], at: 4)
            try statement.run()
            try recordFurtherRoots(roots, key)
            if mayBeMadeHere { try connection.run("DELETE FROM \(names.made) WHERE \"id\" = ?", [.text(key.id)]) }
        }
    }

    private func change(_ rows: IncomingRows, _ order: [Int], _ names: TableNames) throws {
        guard !rows.fields.isEmpty else { return }
        let updates = rows.fields.map { "\(SQLText.name(names.table.fields[$0].name)) = ?" }.joined(separator: ", ")
        let statement = try connection.prepare("UPDATE \(names.shown) SET \(updates) WHERE \"id\" = ?")
        defer { statement.reset() }
        for index in order {
            for (place, column) in rows.columns.enumerated() { try statement.bind(column[index], at: place + 1) }
            try statement.bind(rows.ids[index].text, at: rows.columns.count + 1)
            try statement.run()
            guard connection.database.changesCount == 1 else {
                throw SatchelError(
                    .fileDamaged, "A row of \(names.table.name) that the server changed is missing from the file.",
                    remedy: "Run “satchel verify”, which restores it.")
            }
        }
    }
}
