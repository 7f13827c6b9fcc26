import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Rights, conflicts and refusals.
extension SQLiteReplicaStore {
    // MARK: Rights

    public func maskNumber(_ definition: MaskDefinition) throws -> Int {
        let content = Value.blob(RecordCoding.encode(definition))
        let roles = Value.blob(RecordCoding.encode(roles: definition.roles))
        if let known = try connection.first(
            "SELECT \"number\" FROM \"_satchel_mask\" WHERE \"content\" = ?", [content], { Int($0.integer(0)) })
        {
            try connection.run(
                "UPDATE \"_satchel_mask\" SET \"roles\" = ?1 WHERE \"number\" = ?2 AND \"roles\" <> ?1",
                [roles, .number(known)])
            return known
        }
        try connection.run("INSERT INTO \"_satchel_mask\" (\"content\", \"roles\") VALUES (?, ?)", [content, roles])
        let number = Int(connection.database.lastInsertedRowID)
        try recordRights(definition, number: number)
        return number
    }

    /// The bits that triggers test. What the schema does not know (yet) has none; a newer schema brings them.
    private func recordRights(_ definition: MaskDefinition, number: Int) throws {
        guard let schema = try schema() else { return }
        for rights in definition.tables {
            guard let index = schema.tableIndex(rights.table) else { continue }
            let table = schema.tables[index]
            func words(_ names: [String]) -> [Value] {
                let set = FieldSet(names.compactMap { table.fieldIndex($0) })
                return (0..<4).map { .bits(set.words[$0]) }
            }
            let key = number * TableNames.maskStride + index
            try connection.run(
                "INSERT INTO \"_satchel_right\" VALUES (\(SQLText.marks(15)))",
                [.number(key)] + words(rights.read) + words(rights.write) + words(rights.settable)
                    + [.number(rights.delete ? 1 : 0), .number(rights.create ? 1 : 0)])
        }
    }

    func reviseRights() throws {
        try connection.run("DELETE FROM \"_satchel_right\"")
        let masks = try connection.all("SELECT \"number\", \"content\", \"roles\" FROM \"_satchel_mask\"") { row in
            try RecordCoding.decodeMask(row.bytes(1), roles: row.bytes(2), number: UInt32(clamping: row.integer(0)))
        }
        for mask in masks { try recordRights(mask, number: Int(mask.number)) }
    }

    public func setPlaces(_ places: Places, masks: [UInt32: Int]) throws {
        func own(_ number: UInt32) throws -> Value {
            guard let mask = masks[number] else {
                throw SatchelError(
                    .malformed, "The server's places name rights that it did not send.",
                    remedy: "Report this to the server's administrator.")
            }
            return .number(mask)
        }
        try connection.run(
            "UPDATE \"_satchel_control\" SET \"user\" = ?, \"global_mask\" = ?, \"anywhere_mask\" = ?, \"own_mask\" = ?",
            [.text(places.user), try own(places.global), try own(places.anywhere), try own(places.own)])
        try connection.run("DELETE FROM \"_satchel_place\"")
        for territory in places.territories {
            try connection.run(
                "INSERT INTO \"_satchel_place\" VALUES (?, ?, ?)",
                [.text(territory.id), .text(territory.name), try own(territory.mask)])
        }
        connection.touched.insert("_satchel_place")
    }

    // MARK: Conflicts

    public func setConflict(_ conflict: LocalConflict?, key: RowKey, field: Int) throws {
        if let conflict {
            try connection.run(
                "INSERT OR REPLACE INTO \"_satchel_conflict\" VALUES (?, ?, ?, ?, ?)",
                key.columns + [.number(field), .text(conflict.rule), .blob(RecordCoding.encode(conflict.heads))])
        } else {
            try connection.run(
                "DELETE FROM \"_satchel_conflict\" WHERE \"tbl\" = ? AND \"id\" = ? AND \"field\" = ?",
                key.columns + [.number(field)])
        }
        connection.touched.insert("_satchel_conflict")
    }

    public func conflict(key: RowKey, field: Int) throws -> LocalConflict? { try reader.conflict(key: key, field: field) }

    public func hasConflicts(table: Int) throws -> Bool {
        try connection.exists("SELECT 1 FROM \"_satchel_conflict\" WHERE \"tbl\" = ?", [.number(table)])
    }

    public func removeConflicts(of key: RowKey) throws {
        if try connection.run("DELETE FROM \"_satchel_conflict\" WHERE \"tbl\" = ? AND \"id\" = ?", key.columns) > 0 {
            connection.touched.insert("_satchel_conflict")
            markBlanked()
        }
    }

    // MARK: Refusals

    public func addRefusal(_ refusal: LocalRefusal) throws {
        let sql = "INSERT INTO \"_satchel_refusal\" VALUES (\(SQLText.marks(11))) ON CONFLICT DO NOTHING"
        try connection.run(
            sql,
            refusal.id.columns + [
                .text(refusal.table), .text(refusal.row), .number(refusal.operation.rawValue), .optional(refusal.field),
                .blob(RecordCoding.encode(refusal.cells)), .text(refusal.code.rawValue), .text(refusal.reason),
                .bits(refusal.writtenMilliseconds),
            ])
        connection.touched.insert("_satchel_refusal")
    }

    public func removeRefusal(_ id: RefusalID) throws {
        try connection.run(
            "DELETE FROM \"_satchel_refusal\" WHERE \"replica\" = ? AND \"counter\" = ? AND \"number\" = ?", id.columns)
        connection.touched.insert("_satchel_refusal")
    }

    public func nextLocalRefusal() throws -> RefusalID {
        let number = try connection.first(
            "UPDATE \"_satchel_control\" SET \"next_refusal\" = \"next_refusal\" + 1 RETURNING \"next_refusal\" - 1"
        ) { Int($0.integer(0)) }
        return RefusalID(dot: Dot(replica: try state().replica ?? ReplicaID(0), counter: 0), number: number ?? 1)
    }

    func addLocalRefusal(_ fault: OpenLog.LocalFault, in table: String) throws {
        try addRefusal(
            LocalRefusal(
                id: try nextLocalRefusal(), table: table, row: fault.row, operation: fault.operation, field: fault.field,
                cells: fault.cells, code: fault.code, reason: fault.reason, writtenMilliseconds: clock()))
    }
}
