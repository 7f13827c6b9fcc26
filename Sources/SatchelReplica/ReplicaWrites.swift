import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore

/// What a write gave.
public struct Written<Result: Sendable>: Sendable {
    public var result: Result
    /// The transactions that it was closed into: none when it changed no row, several when it was too large for one.
    public var transactions: [Dot]
}

extension Replica {
    /// Writes with GRDB, or with SQL, in one SQLite transaction, which becomes one Satchel transaction: it is sent, judged and
    /// seen by others as a whole, unless it is too large for one (`Limits.transactionChanges`, `Limits.transactionBytes`).
    ///
    /// What the user's role does not permit is refused as it is written; nothing of the transaction is kept then.
    ///
    /// - Parameters:
    ///   - isAtomic: the server, too, takes all of it or none; otherwise one forbidden cell does not drag its neighbours down.
    ///   - work: may use any tables of the file, its own too.
    /// - Throws: what `work` throws; `SatchelError` with the code of the refusal (`.fieldNotWritable`, `.typeMismatch` …);
    ///   `.tooLarge` for an atomic write that does not fit one transaction.
    @discardableResult
    public func write<Result: Sendable>(
        isAtomic: Bool = false, _ work: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Written<Result> {
        let written = try await file.transact { [engine, configuration] store, _ in
            let clock = configuration.clock.reading()
            // What others wrote is theirs, and earlier.
            try engine.closeOpenChanges(store, clock: clock)
            let refusals = try store.reader.refusalCount()
            let result = try store.writeLocally(work)
            let counters = try engine.closeOpenChanges(store, clock: clock, isAtomic: isAtomic)
            try Self.checkRefusals(since: refusals, store.reader)
            let replica = try store.state().replica ?? ReplicaID(0)
            return Written(result: result, transactions: counters.map { Dot(replica: replica, counter: $0) })
        }
        changes.notify()
        return written
    }

    /// What no trigger could check is found when a transaction is closed, and kept aside when another program wrote it. This
    /// program is still there to be told.
    private static func checkRefusals(since known: Int, _ reader: ReplicaReader) throws {
        guard try reader.refusalCount() > known else { return }
        let refusals = try reader.refusals().filter(\.id.isLocal)
        guard let last = refusals.max(by: { $0.id.number < $1.id.number }) else { return }
        let place = last.field.map { "\(last.table).\($0)" } ?? last.table
        throw SatchelError(last.code, "\(place): \(last.reason)", remedy: "Correct the value; nothing was written.")
    }

    /// Makes a row.
    ///
    /// - Parameters:
    ///   - values: by field; what is not named is NULL.
    ///   - id: a UUID of version 7; nil makes one.
    /// - Returns: the row's id.
    /// - Throws: `SatchelError`, see `write`; `.unknownTable`, `.unknownField`.
    @discardableResult
    public func new(_ table: String, _ values: [String: Value], id: RowID? = nil) async throws -> RowID {
        var random = SystemRandomNumberGenerator()
        let id = id ?? RowID.uuidV7(milliseconds: configuration.clock.reading().wallMilliseconds, random: &random)
        let cells = try await checked(values, of: table)
        try await write { try RowStatement(table: table, id: id).insert(cells, $0) }
        return id
    }

    /// Changes some fields of a row.
    ///
    /// - Throws: `SatchelError`, see `write`; `.notFound`, `.unknownTable`, `.unknownField`.
    public func set(_ table: String, _ id: RowID, _ values: [String: Value]) async throws {
        let cells = try await checked(values, of: table)
        try await write { try RowStatement(table: table, id: id).update(cells, $0) }
    }

    /// Deletes a row.
    ///
    /// - Throws: `SatchelError`, see `write`; `.notFound`, `.unknownTable`.
    public func delete(_ table: String, _ id: RowID) async throws {
        _ = try await checked([:], of: table)
        try await write { try RowStatement(table: table, id: id).delete($0) }
    }

    /// In the schema's order and in canonical form.
    private func checked(_ values: [String: Value], of name: String) async throws -> [(String, Value)] {
        let table = try await file.read { reader in
            let (schema, index) = try Self.table(name, reader)
            return schema.tables[index]
        }
        for field in values.keys.sorted() where table.field(field) == nil { throw Self.unknownField(field, table) }
        return try table.fields.compactMap { field in
            guard let value = values[field.name] else { return nil }
            let canonical = field.normalised(value)
            if let fault = field.check(canonical, valueBytes: Limits.valueBytes) {
                throw SatchelError(
                    ErrorCode(rawValue: fault.code), "\(table.name): \(fault.message)",
                    remedy: "Correct the value; nothing was written.")
            }
            return (field.name, canonical)
        }
    }
}
