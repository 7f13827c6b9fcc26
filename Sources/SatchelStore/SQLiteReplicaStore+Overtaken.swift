import SatchelCore
import SatchelEngine
import SatchelProtocol

/// Own writes that a delete overtook.
extension SQLiteReplicaStore {
    public func addOvertaken(_ write: OvertakenWrite) throws -> Bool {
        connection.touched.insert("_satchel_superseded")
        let dot = write.transaction
        return try connection.run(
            "INSERT INTO \"_satchel_superseded\" VALUES (\(SQLText.marks(10))) ON CONFLICT DO NOTHING",
            [
                .bits(dot.replica.number), .bits(dot.counter), .text(write.table), .text(write.row), .text(write.field ?? ""),
                .number(write.operation.rawValue), .blob(RecordCoding.encode(write.value)), .text(write.code.rawValue),
                .text(write.reason), .bits(write.writtenMilliseconds),
            ]) > 0
    }

    public func removeOvertaken(table: String, row: RowID, field: String?) throws -> Bool {
        connection.touched.insert("_satchel_superseded")
        return try connection.run(
            "DELETE FROM \"_satchel_superseded\" WHERE \"tbl\" = ? AND \"id\" = ? AND \"field\" = ?",
            [.text(table), .text(row), .text(field ?? "")]) > 0
    }

    public func overtaken() throws -> [OvertakenWrite] { try reader.overtaken() }
}

extension ReplicaReader {
    /// See `ReplicaStore.overtaken()`.
    public func overtaken() throws -> [OvertakenWrite] {
        let sql = """
            SELECT "replica", "counter", "tbl", "id", "field", "operation", "value", "code", "reason", "written"
            FROM "_satchel_superseded" ORDER BY "written", "replica", "counter", "tbl", "id", "field"
            """
        return try connection.all(sql) { row -> OvertakenWrite? in
            guard let id = RowID(row.text(3)), let operation = Operation(rawValue: Int(row.integer(5))) else { return nil }
            let field = row.text(4)
            return OvertakenWrite(
                transaction: Dot(
                    replica: ReplicaID(UInt64(bitPattern: row.integer(0))), counter: UInt64(bitPattern: row.integer(1))),
                table: row.text(2), row: id, operation: operation, field: field.isEmpty ? nil : field,
                value: try RecordCoding.decodeValue(row.bytes(6)), code: ErrorCode(rawValue: row.text(7)),
                reason: row.text(8), writtenMilliseconds: UInt64(bitPattern: row.integer(9)))
        }.compactMap { $0 }
    }

    public func overtakenCount() throws -> Int {
        try connection.first("SELECT count(*) FROM \"_satchel_superseded\"") { Int($0.integer(0)) } ?? 0
    }
}
