import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore

extension Replica {
    /// What was written here and is not acknowledged, in the order of writing.
    public func pending() async throws -> [PendingChange] {
        try await closeOpenChanges()
        let coding = WireTransactionCoding()
        return try await file.read { reader in
            let replica = try reader.state().replica ?? ReplicaID(0)
            return try Self.pending(reader).flatMap { pending in
                let transaction = try coding.decode(pending.sealed.payload)
                return transaction.changes.map { change in
                    PendingChange(
                        transaction: Dot(replica: replica, counter: transaction.counter), table: change.table, id: change.id,
                        operation: change.operation, fields: change.cells.map(\.field))
                }
            }
        }
    }

    // MARK: Refusals

    /// Refused changes that wait for a decision, oldest first: the server's, and a few that this device itself had to make when
    /// another program wrote what no trigger could check (a text that is not Unicode).
    public func refusals() async throws -> [Refusal] {
        try await closeOpenChanges()
        return try await file.read { try $0.refusals().map(Refusal.init) }
    }

    /// Writes a refused change once more, as a new change of now.
    ///
    /// - Throws: `SatchelError`: `.refusalNotFound`; `.notFound` when the row is not here any more; whatever the write is refused
    ///   with. The refusal stays then.
    public func retry(_ id: RefusalID) async throws {
        try await decide(id) { [engine] refusal, store, clock in
            try store.writeLocally { database in try RefusalRetry(refusal).write(database) }
            if id.isLocal {
                try engine.closeOpenChanges(store, clock: clock)
                try store.removeRefusal(id)
            } else {
                try engine.resolve(id, .retried, store, clock: clock)
            }
        }
    }

    /// Gives a refused change up. Its payload stays in the server's log, under its author's name.
    ///
    /// - Throws: `SatchelError` `.refusalNotFound`.
    public func discard(_ id: RefusalID) async throws {
        try await decide(id) { [engine] _, store, clock in
            // The server never heard of a refusal that this device made.
            if id.isLocal { try store.removeRefusal(id) } else { try engine.resolve(id, .discarded, store, clock: clock) }
        }
    }

    private func decide(
        _ id: RefusalID,
        _ act: @escaping @Sendable (LocalRefusal, SQLiteReplicaStore, ClockReading) throws -> Void
    ) async throws {
        try await file.transact { [engine, configuration] store, _ in
            let clock = configuration.clock.reading()
            try engine.closeOpenChanges(store, clock: clock)
            guard let refusal = try store.reader.refusal(id) else {
                throw SatchelError(
                    .refusalNotFound, "There is no outstanding refusal \(id).",
                    remedy: "List the refusals to see which are outstanding.")
            }
            try act(refusal, store, clock)
        }
        changes.notify()
    }

    static func table(_ name: String, _ reader: ReplicaReader) throws -> (Schema, Int) {
        guard let schema = try reader.schema() else {
            throw SatchelError(.bootstrapping, "This file has no tables yet.", remedy: "Enrol, then sync once.")
        }
        guard let index = schema.tableIndex(name) else {
            throw SatchelError(
                .unknownTable, "There is no table \(name).",
                remedy: "The tables are: \(schema.tables.map(\.name).joined(separator: ", ")).")
        }
        return (schema, index)
    }

    static func unknownField(_ name: String, _ table: SatchelPolicy.Table) -> SatchelError {
        SatchelError(
            .unknownField, "\(table.name) has no field \(name).",
            remedy: "Its fields are: \(table.fields.map(\.name).joined(separator: ", ")).")
    }
}

extension RefusalID {
    /// Made by this device (counter 0, which no transaction has).
    var isLocal: Bool { dot.counter == 0 }
}

extension Refusal {
    init(_ refusal: LocalRefusal) {
        self.init(
            id: refusal.id, table: refusal.table, row: refusal.row, operation: refusal.operation, field: refusal.field,
            cells: refusal.cells, code: refusal.code, reason: refusal.reason, writtenMilliseconds: refusal.writtenMilliseconds)
    }
}
