import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore

extension Replica {
    /// Cells that were written concurrently, and not yet settled by a write that saw all of them; then own writes that a
    /// delete overtook, oldest first, until the deletion is accepted.
    public func conflicts() async throws -> [Conflict] {
        try await file.read { reader in
            guard let schema = try reader.schema() else { return [] }
            let user = try reader.state().user ?? ""
            return try reader.conflicts().compactMap { Conflict($0, schema) }
                + reader.overtaken().map { Conflict($0, user: user) }
        }
    }

    /// Settles a conflict in favour of what is shown: of a value, as a write of this user; of a deletion, by accepting it.
    ///
    /// - Parameter field: nil for an own delete that was overtaken.
    /// - Throws: `SatchelError`: `.unknownTable`, `.unknownField`, `.notFound` when there is no such conflict, `.fieldNotWritable`.
    public func keep(_ table: String, _ id: RowID, _ field: String?) async throws {
        try await file.transact { [engine, configuration] store, _ in
            let (schema, index) = try Self.table(table, store.reader)
            let key = RowKey(table: index, id: id)
            let place = try field.map { name in
                guard let place = schema.tables[index].fieldIndex(name) else {
                    throw Self.unknownField(name, schema.tables[index])
                }
                return place
            }
            let isAccepted = try store.removeOvertaken(table: table, row: id, field: field)
            guard let place, let field, try store.conflict(key: key, field: place) != nil else {
                if isAccepted { return }
                throw SatchelError(
                    .notFound, "There is no conflict in \(table) \(id)\(field.map { ", field \($0)" } ?? "").",
                    remedy: "List the conflicts to see which there are.")
            }
            let rights = try store.reader.mask(of: key)?.tables.first { $0.table == table }
            guard rights?.write.contains(field) == true else {
                throw SatchelError(
                    .fieldNotWritable, "\(table).\(field): Your role may not write this field.",
                    remedy: "Ask someone whose role may do this.")
            }
            try engine.keep(key, field: place, store, clock: configuration.clock.reading())
        }
        changes.notify()
    }
}

extension Conflict {
    /// Nil for a record that the schema does not know.
    init?(_ placed: PlacedConflict, _ schema: Schema) {
        guard placed.key.table < schema.tables.count, let shown = placed.conflict.heads.first else { return nil }
        let table = schema.tables[placed.key.table]
        guard placed.field < table.fields.count else { return nil }
        self.init(
            table: table.name, id: placed.key.id, field: table.fields[placed.field].name, kept: Head(shown),
            lost: placed.conflict.heads.dropFirst().map(Head.init), rule: placed.conflict.rule)
    }

    init(_ write: OvertakenWrite, user: String) {
        self.init(
            table: write.table, id: write.row, field: write.field, kept: nil,
            lost: [Head(value: write.value, user: user, milliseconds: write.writtenMilliseconds)], rule: Self.delete)
    }
}

extension Conflict.Head {
    init(_ head: ConflictBatch.HeadDescription) {
        self.init(value: head.value, user: head.user, milliseconds: head.milliseconds)
    }
}
