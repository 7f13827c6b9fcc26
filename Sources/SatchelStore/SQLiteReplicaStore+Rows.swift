import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Single rows: shown values, shadows, placement.
extension SQLiteReplicaStore {
    // MARK: Shadows

    public func hasShadows(table: Int) throws -> Bool {
        try connection.exists("SELECT 1 FROM \"_satchel_shadow\" WHERE \"tbl\" = ?", [.number(table)])
    }

    public func shadowedRows() throws -> [RowKey] {
        try connection.all("SELECT \"tbl\", \"id\" FROM \"_satchel_shadow\" ORDER BY \"tbl\", \"id\"") { row in
            RowID(row.text(1)).map { RowKey(table: Int(row.integer(0)), id: $0) }
        }.compactMap { $0 }
    }

    public func shadow(_ key: RowKey) throws -> Shadow? {
        try connection.first("SELECT \"content\" FROM \"_satchel_shadow\" WHERE \"tbl\" = ? AND \"id\" = ?", key.columns) {
            try RecordCoding.decodeShadow($0.bytes(0))
        }
    }

    public func setShadow(_ shadow: Shadow?, of key: RowKey) throws {
        if let shadow {
            try connection.run(
                "INSERT INTO \"_satchel_shadow\" VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET \"content\" = excluded.\"content\"",
                key.columns + [.blob(RecordCoding.encode(shadow))])
        } else {
            try connection.run("DELETE FROM \"_satchel_shadow\" WHERE \"tbl\" = ? AND \"id\" = ?", key.columns)
        }
    }

    // MARK: Shown rows

    public func row(_ key: RowKey) throws -> [Value]? { try reader.row(key) }

    public func setRow(_ key: RowKey, values: [Int: Value]) throws {
        let names = try reader.names(key.table)
        try beginApplying()
        connection.touched.insert(names.table.name)
        let fields = values.keys.sorted()
        guard fields.allSatisfy(names.table.fields.indices.contains) else {
            throw SatchelError(
                .unknownField, "There is no such field in \(names.table.name).", remedy: "Sync to learn the schema.")
        }
        guard !fields.isEmpty else {
            try connection.run("INSERT INTO \(names.shown) (\"id\") VALUES (?) ON CONFLICT DO NOTHING", [.text(key.id)])
            return
        }
        let columns = fields.map { SQLText.name(names.table.fields[$0].name) }
        let updates = columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        try connection.run(
            "INSERT INTO \(names.shown) (\"id\", \(columns.joined(separator: ", "))) VALUES (\(SQLText.marks(columns.count + 1)))"
                + " ON CONFLICT (\"id\") DO UPDATE SET \(updates)",
            [.text(key.id)] + fields.map { values[$0] ?? .null })
    }

    public func removeRow(_ key: RowKey, keepPlacement: Bool) throws {
        let names = try reader.names(key.table)
        try beginApplying()
        var removed = try connection.run("DELETE FROM \(names.shown) WHERE \"id\" = ?", [.text(key.id)])
        if removed > 0 { connection.touched.insert(names.table.name) }
        try connection.run("DELETE FROM \(names.made) WHERE \"id\" = ?", [.text(key.id)])
        try connection.run("DELETE FROM \(names.captured) WHERE \"id\" = ?", [.text(key.id)])
        if !keepPlacement {
            if let old = try placement(key) { try forgetFurtherRoots(old.roots, key) }
            removed += try connection.run("DELETE FROM \(names.placed) WHERE \"id\" = ?", [.text(key.id)])
        }
        if removed > 0 { markBlanked() }
    }

    // MARK: Placement

    struct Placement {
        var mask: Int
        /// Ascending.
        var roots: [UInt64]
    }

    func placement(_ key: RowKey) throws -> Placement? {
        let sql = "SELECT \"mask\", \"root\", \"more\" FROM \(try reader.names(key.table).placed) WHERE \"id\" = ?"
        return try connection.first(sql, [.text(key.id)]) { row in
            let first = row.isNull(1) ? [] : [UInt64(bitPattern: row.integer(1))]
            return Placement(mask: Int(row.integer(0)), roots: first + (try RecordCoding.decodeRoots(row.bytes(2))))
        }
    }

    public func readable(_ key: RowKey) throws -> FieldSet? { try reader.readable(key) }

    public func placedRows(table: Int) throws -> [RowID] {
        try connection.all("SELECT \"id\" FROM \(try reader.names(table).placed) ORDER BY \"id\"") { RowID($0.text(0)) }
            .compactMap { $0 }
    }

    public func unplacedRows(table: Int) throws -> [RowID] {
        let names = try reader.names(table)
        let sql =
            "SELECT \"id\" FROM \(names.shown) AS s WHERE NOT EXISTS"
            + " (SELECT 1 FROM \(names.placed) AS p WHERE p.\"id\" = s.\"id\") ORDER BY \"id\""
        return try connection.all(sql) { RowID($0.text(0)) }.compactMap { $0 }
    }

    public func setPlacement(_ key: RowKey, mask: Int, roots: [UInt64]) throws {
        let names = try reader.names(key.table)
        if let old = try placement(key) {
            try forgetFurtherRoots(old.roots, key)
            // The engine blanks the cells that a narrower mask hides; they must not be found in the file either.
            if old.mask != mask { markBlanked() }
        }
        let roots = roots.sorted()
        try connection.run(
            "INSERT INTO \(names.placed) VALUES (?, ?, ?, ?) ON CONFLICT (\"id\") DO UPDATE SET"
                + " \"mask\" = excluded.\"mask\", \"root\" = excluded.\"root\", \"more\" = excluded.\"more\"",
            [.text(key.id), .number(mask)] + Self.columns(roots))
        try recordFurtherRoots(roots, key)
        try connection.run("DELETE FROM \(names.made) WHERE \"id\" = ?", [.text(key.id)])
    }

    /// `root` and `more`.
    static func columns(_ roots: [UInt64]) -> [Value] {
        [
            roots.first.map { .bits($0) } ?? .null,
            roots.count > 1 ? .blob(RecordCoding.encode(roots: roots.dropFirst())) : .null,
        ]
    }

    /// A row's first root is indexed in its own table; the rare further ones here.
    func recordFurtherRoots(_ roots: [UInt64], _ key: RowKey) throws {
        for root in roots.dropFirst() {
            try connection.run(
                "INSERT INTO \"_satchel_root\" VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [.bits(root)] + key.columns)
        }
    }

    func forgetFurtherRoots(_ roots: [UInt64], _ key: RowKey) throws {
        for root in roots.dropFirst() {
            try connection.run(
                "DELETE FROM \"_satchel_root\" WHERE \"root\" = ? AND \"tbl\" = ? AND \"id\" = ?", [.bits(root)] + key.columns)
        }
    }

    public func detach(roots: [UInt64]) throws -> [RowKey] {
        let gone = Set(roots)
        var left: [RowKey] = []
        for names in try reader.tables() {
            for root in gone.sorted() {
                for id in try rows(under: root, names) {
                    let key = RowKey(table: names.index, id: id)
                    guard let old = try placement(key) else { continue }
                    let kept = old.roots.filter { !gone.contains($0) }
                    try forgetFurtherRoots(old.roots, key)
                    try connection.run(
                        "UPDATE \(names.placed) SET \"root\" = ?, \"more\" = ? WHERE \"id\" = ?",
                        Self.columns(kept) + [.text(id)])
                    try recordFurtherRoots(kept, key)
                    if kept.isEmpty { left.append(key) }
                }
            }
        }
        return left
    }

    private func rows(under root: UInt64, _ names: TableNames) throws -> [RowID] {
        let sql = """
            SELECT "id" FROM \(names.placed) WHERE "root" = ?1
            UNION SELECT "id" FROM "_satchel_root" WHERE "root" = ?1 AND "tbl" = ?2
            """
        return try connection.all(sql, [.bits(root), .number(names.index)]) { RowID($0.text(0)) }.compactMap { $0 }
    }
}

extension RowKey {
    /// Table, id.
    var columns: [Value] { [.number(table), .text(id)] }
}
