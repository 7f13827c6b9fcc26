import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// What must hold when the world is quiet (DESIGN §2): convergence, and that nothing was lost in silence.
struct Checker {
    let world: World

    func check() throws {
        let rows = world.server.rows
        let governance = try world.server.governance
        for replica in world.replicas {
            try checkQuiet(replica)
            try checkConvergence(replica, Projection(of: replica.user, governance: governance, rows: rows))
        }
        try checkNoLoss(rows)
        try checkHeads(rows)
    }

    /// Nobody is ever in conflict with themselves: of one file, whatever its identities, each later write had seen the earlier.
    private func checkHeads(_ rows: [RowKey: StoredRow]) throws {
        var files: [ReplicaID: Int] = [:]
        for (file, replica) in world.replicas.enumerated() {
            for id in replica.ids { files[id] = file }
        }
        for (key, row) in rows {
            for (field, register) in row.state.cells {
                let writers = register.heads.compactMap { files[$0.stamp.dot.replica] }
                guard Set(writers).count == writers.count else {
                    throw world.violation("field \(field) of \(key) has two heads of one file")
                }
            }
        }
    }

    private func checkQuiet(_ replica: SimulatedReplica) throws {
        let contents = replica.store.contents
        guard contents.pendingTransactions.isEmpty, contents.shadows.isEmpty else {
            throw world.violation("\(replica.user) still has \(contents.pendingTransactions.count) transactions queued")
        }
    }

    private func checkConvergence(_ replica: SimulatedReplica, _ projection: Projection) throws {
        let here = replica.readableRows
        for (key, values) in projection.rows where here[key] != values {
            throw world.violation(
                "\(replica.user) has \(String(describing: here[key])) for \(key), the projection \(values)")
        }
        for key in here.keys where projection.rows[key] == nil {
            throw world.violation("\(replica.user) holds \(key), which they may not see")
        }
        for (key, row) in replica.store.contents.rows {
            let readable = replica.store.readable(key) ?? FieldSet()
            for field in row.indices where !readable.contains(field) && !row[field].isNull {
                throw world.violation("\(replica.user) holds a value in the hidden field \(field) of \(key)")
            }
        }
    }

    /// Each committed transaction is in the log once, as it was written; each refused change is in escrow with its payload,
    /// and its author was told; each other value is shown, a kept loser, or was overtaken.
    private func checkNoLoss(_ rows: [RowKey: StoredRow]) throws {
        var logged: [Dot: (SealedTransaction, TransactionVerdict)] = [:]
        var position = Position.zero
        var previous = LogChain.start
        for entry in world.server.store.entries(after: .zero, limit: .max) {
            guard entry.position == position.next else { throw world.violation("a gap in the log after \(position)") }
            guard LogChain.hash(of: entry, after: previous) == entry.hash else {
                throw world.violation("the log's chain breaks at \(entry.position)")
            }
            position = entry.position
            previous = entry.hash
            guard case .transaction(let sealed, let verdict, _) = entry.content, let replica = entry.replica else { continue }
            let dot = Dot(replica: replica, counter: sealed.counter)
            if logged.updateValue((sealed, verdict), forKey: dot) != nil {
                throw world.violation("\(dot) is in the log twice")
            }
        }
        for replica in world.replicas {
            for (counter, pending) in replica.committed {
                let dots = replica.ids.map { Dot(replica: $0, counter: counter) }.filter { logged[$0] != nil }
                guard dots.count == 1, let dot = dots.first else {
                    throw world.violation("transaction \(counter) of \(replica.user) is in the log \(dots.count) times")
                }
                guard let (sealed, verdict) = logged[dot], sealed.payload == pending.sealed.payload else {
                    throw world.violation("\(dot) of \(replica.user) is not in the log as it was written")
                }
                try checkStates(dot, pending, verdict, replica, rows)
            }
        }
    }

    private func checkStates(
        _ dot: Dot, _ pending: PendingTransaction, _ verdict: TransactionVerdict, _ replica: SimulatedReplica,
        _ rows: [RowKey: StoredRow]
    ) throws {
        if verdict.isVoid { throw world.violation("\(dot) is void") }
        let transaction = try PlainCoding().decode(pending.sealed.payload)
        for exception in verdict.exceptions {
            guard let id = exception.refusal else { continue }
            guard let record = try world.server.store.read({ try $0.refusal(id) }), record.user == replica.user else {
                throw world.violation("the refusal \(id) is not in escrow")
            }
            guard replica.store.contents.refusals[id] != nil else {
                throw world.violation("\(replica.user) was never told of the refusal \(id)")
            }
            let change = transaction.changes.first { $0.table == record.table && $0.id == record.row }
            guard let change, record.cells.allSatisfy(change.cells.contains) else {
                throw world.violation("the escrow of \(id) does not hold what was written")
            }
        }
        for change in transaction.changes {
            for cell in change.cells { try checkState(of: cell, change, dot, verdict, rows) }
        }
    }

    private func checkState(
        of cell: CellWrite, _ change: Change, _ dot: Dot, _ verdict: TransactionVerdict, _ rows: [RowKey: StoredRow]
    ) throws {
        let named = verdict.exceptions.filter {
            $0.table == change.table && $0.id == change.id && ($0.field == cell.field || $0.field == nil)
        }
        if named.count > 1 { throw world.violation("\(dot) has two verdicts for \(change.table).\(cell.field)") }
        if !named.isEmpty { return }
        let schema = SmallOrganisation.schema
        guard let table = schema.tableIndex(change.table), let field = schema.tables[table].fieldIndex(cell.field),
            let row = rows[RowKey(table: table, id: change.id)]
        else { throw world.violation("\(dot) was accepted into a row that is not there") }
        let heads = row.state.cells[field]?.heads ?? []
        if heads.contains(where: { $0.stamp.dot == dot }) {
            guard heads.contains(where: { $0.stamp.dot == dot && $0.value == cell.value }) else {
                throw world.violation("\(dot) was accepted with another value")
            }
            return
        }
        // Overtaken since: by a later head, or by a later life or the death of the row.
        let isOvertaken =
            heads.contains { $0.stamp.position > verdict.position }
            || row.state.existence.steps.contains { $0.stamp.position > verdict.position }
        guard isOvertaken else { throw world.violation("the accepted value of \(dot) in \(cell.field) is nowhere") }
    }
}
