import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// A conflict with the cell that it is in.
public struct PlacedConflict: Sendable, Hashable {
    public var key: RowKey
    public var field: Int
    public var conflict: LocalConflict

    public init(key: RowKey, field: Int, conflict: LocalConflict) {
        self.key = key
        self.field = field
        self.conflict = conflict
    }
}

/// Where the user of a replica holds something, as the server last said it. Masks are the replica's own numbers.
public struct KnownPlaces: Sendable, Hashable {
    public struct Territory: Sendable, Hashable {
        public var id: String
        public var name: String
        public var mask: Int
    }

    public var user: String
    public var global: Int
    public var anywhere: Int
    public var own: Int
    /// Sorted by id.
    public var territories: [Territory]
}

/// Conflicts, refusals and rights.
extension ReplicaReader {
    public func conflict(key: RowKey, field: Int) throws -> LocalConflict? {
        try connection.first(
            "SELECT \"rule\", \"heads\" FROM \"_satchel_conflict\" WHERE \"tbl\" = ? AND \"id\" = ? AND \"field\" = ?",
            [.number(key.table), .text(key.id), .number(field)]
        ) { LocalConflict(rule: $0.text(0), heads: try RecordCoding.decodeHeads($0.bytes(1))) }
    }

    /// Every cell with more than one head, by table, id and field.
    public func conflicts() throws -> [PlacedConflict] {
        let sql =
            "SELECT \"tbl\", \"id\", \"field\", \"rule\", \"heads\" FROM \"_satchel_conflict\" ORDER BY \"tbl\", \"id\", \"field\""
        return try connection.all(sql) { row -> PlacedConflict? in
            guard let id = RowID(row.text(1)) else { return nil }
            return PlacedConflict(
                key: RowKey(table: Int(row.integer(0)), id: id), field: Int(row.integer(2)),
                conflict: LocalConflict(rule: row.text(3), heads: try RecordCoding.decodeHeads(row.bytes(4))))
        }.compactMap { $0 }
    }

    public func conflictCount() throws -> Int {
        try connection.first("SELECT count(*) FROM \"_satchel_conflict\"") { Int($0.integer(0)) } ?? 0
    }

    /// Outstanding refusals, oldest first. Those with counter 0 were made by this device itself, of values that plain SQL could
    /// not check as they were written; the server never heard of them.
    public func refusals() throws -> [LocalRefusal] {
        let sql = """
            SELECT "replica", "counter", "number", "tbl", "id", "operation", "field", "cells", "code", "reason", "written"
            FROM "_satchel_refusal" ORDER BY "written", "counter", "number"
            """
        return try connection.all(sql, [], refusal).compactMap { $0 }
    }

    public func refusal(_ id: RefusalID) throws -> LocalRefusal? {
        let sql = """
            SELECT "replica", "counter", "number", "tbl", "id", "operation", "field", "cells", "code", "reason", "written"
            FROM "_satchel_refusal" WHERE "replica" = ? AND "counter" = ? AND "number" = ?
            """
        return try connection.first(sql, id.columns, refusal) ?? nil
    }

    public func refusalCount() throws -> Int {
        try connection.first("SELECT count(*) FROM \"_satchel_refusal\"") { Int($0.integer(0)) } ?? 0
    }

    private func refusal(_ row: Prepared) throws -> LocalRefusal? {
        guard let id = RowID(row.text(4)), let operation = Operation(rawValue: Int(row.integer(5))) else { return nil }
        let dot = Dot(replica: ReplicaID(UInt64(bitPattern: row.integer(0))), counter: UInt64(bitPattern: row.integer(1)))
        return LocalRefusal(
            id: RefusalID(dot: dot, number: Int(row.integer(2))), table: row.text(3), row: id, operation: operation,
            field: row.isNull(6) ? nil : row.text(6), cells: try RecordCoding.decodeCells(row.bytes(7)),
            code: ErrorCode(rawValue: row.text(8)), reason: row.text(9),
            writtenMilliseconds: UInt64(bitPattern: row.integer(10)))
    }

    // MARK: Rights

    /// Nil before the server has said.
    public func places() throws -> KnownPlaces? {
        let sql =
            "SELECT \"user\", \"global_mask\", \"anywhere_mask\", \"own_mask\" FROM \"_satchel_control\" WHERE \"user\" IS NOT NULL"
        let places = try connection.first(sql) { row in
            KnownPlaces(
                user: row.text(0), global: Int(row.integer(1)), anywhere: Int(row.integer(2)), own: Int(row.integer(3)),
                territories: [])
        }
        guard var places else { return nil }
        places.territories = try connection.all(
            "SELECT \"territory\", \"name\", \"mask\" FROM \"_satchel_place\" ORDER BY \"territory\""
        ) { KnownPlaces.Territory(id: $0.text(0), name: $0.text(1), mask: Int($0.integer(2))) }
        return places
    }

    /// The rights behind a mask number of this replica, as the server gave them. Where different roles give the same rights,
    /// the roles named are those that the server named last.
    public func mask(_ number: Int) throws -> MaskDefinition? {
        try connection.first("SELECT \"content\", \"roles\" FROM \"_satchel_mask\" WHERE \"number\" = ?", [.number(number)]) {
            try RecordCoding.decodeMask($0.bytes(0), roles: $0.bytes(1), number: UInt32(clamping: number))
        }
    }

    /// The mask of a row that the server has placed.
    public func mask(of key: RowKey) throws -> MaskDefinition? {
        let number = try connection.first(
            "SELECT \"mask\" FROM \(try names(key.table).placed) WHERE \"id\" = ?", [.text(key.id)]
        ) { Int($0.integer(0)) }
        return try number.flatMap { try mask($0) }
    }
}

extension RefusalID {
    /// Replica, counter, number.
    var columns: [Value] { [.bits(dot.replica.number), .bits(dot.counter), .number(number)] }
}
