import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Lands batches through the ingest that everyone's changes take: each becomes a transaction of the import's own replica,
/// judged with every right, logged with its verdict. One batch at a time, since a replica's counters have no gaps.
public actor ImportLander {
    private let store: any ServerStore
    private let findReplica: @Sendable () throws -> ReplicaID
    private var foundReplica: ReplicaID?
    private let coding: any TransactionCoding
    private let commit: @Sendable ([IngestItem]) async throws -> [IngestOutcome]
    private let milliseconds: @Sendable () -> UInt64
    private let turns = Turns()
    private let disk = Blocking.serial("satchel.import")

    /// The author of what is imported, in the log and in conflicts.
    public static let user = "import"

    /// - Parameters:
    ///   - replica: finds or makes the server-side replica that imports write as; called when there is something to write.
    ///   - commit: durable when it returns; one outcome an item.
    ///   - milliseconds: the wall clock, since 1970.
    public init(
        store: any ServerStore, replica: @escaping @Sendable () throws -> ReplicaID, coding: any TransactionCoding,
        commit: @escaping @Sendable ([IngestItem]) async throws -> [IngestOutcome],
        milliseconds: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        findReplica = replica
        self.coding = coding
        self.commit = commit
        self.milliseconds = milliseconds
    }

    public func catalogue() throws -> ImportCatalogue {
        let schema = try store.read { reader in try reader.governance(at: reader.head().position).schema }
        return ImportCatalogue(
            tables: schema.tables.map { table in
                ImportCatalogue.Table(
                    name: table.name,
                    fields: table.fields.map { field in
                        if case .reference(let target) = field.type {
                            return ImportCatalogue.Field(name: field.name, target: target)
                        }
                        return ImportCatalogue.Field(name: field.name, target: nil)
                    })
            })
    }

    /// - Returns: one outcome a row, in order.
    /// - Throws: `malformed` for a batch that no importer of this version makes; what the store throws.
    public func land(_ batch: ImportBatch) async throws -> [ImportOutcome] {
        guard batch.rows.count <= ImportLimits.circleRows else {
            throw SatchelError(
                .tooLarge, "A batch holds at most \(ImportLimits.circleRows) rows.",
                remedy: "Import with the satcheld of this server.")
        }
        return try await turns.take { try await self.landInTurn(batch) }
    }

    private func landInTurn(_ batch: ImportBatch) async throws -> [ImportOutcome] {
        var outcomes: [ImportOutcome] = []
        var open = Self.runs(of: batch).reversed() as [Range<Int>]
        while let rows = open.popLast() {
            if let landed = try await land(batch, rows) {
                outcomes += landed
            } else if rows.count == 1 {
                outcomes.append(
                    .bad(field: "", "the row is larger than a transaction may be (\(Limits.transactionBytes) bytes)"))
            } else {
                let middle = rows.lowerBound + rows.count / 2
                open.append(middle..<rows.upperBound)
                open.append(rows.lowerBound..<middle)
            }
        }
        return outcomes
    }

    /// A transaction names a row once: where one comes again, another transaction begins.
    private static func runs(of batch: ImportBatch) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        var seen: Set<ImportRow.Key> = []
        for (index, row) in batch.rows.enumerated() where batch.groups.indices.contains(row.group) {
            let key = ImportRow.Key(table: batch.groups[row.group].table, id: row.id)
            guard !seen.insert(key).inserted else { continue }
            runs.append(start..<index)
            start = index
            seen = [key]
        }
        if start < batch.rows.count { runs.append(start..<batch.rows.count) }
        return runs
    }

    /// - Returns: nil when the transaction would be larger than one may be.
    private func land(_ batch: ImportBatch, _ rows: Range<Int>) async throws -> [ImportOutcome]? {
        let now = milliseconds()
        let replica = try await replica()
        let (judged, head, mark) = try await disk.run { [store] in
            try store.read { reader in
                (try ImportJudge.judge(batch, rows: rows, reader: reader), try reader.head(), try reader.applied(replica))
            }
        }
        guard !judged.changes.isEmpty else { return judged.outcomes.map { $0 ?? .unchanged } }
        let transaction = Transaction(
            counter: mark.counter + 1, epoch: head.epoch,
            clock: ClockReading(wallMilliseconds: now, boot: [], uptimeMilliseconds: 0),
            changes: judged.changes)
        guard let payload = try encode(transaction) else { return nil }
        let item = IngestItem(
            replica: replica, authority: .trusted(Self.user),
            sealed: SealedTransaction(counter: transaction.counter, payload: payload),
            after: mark.runningHash, decoded: transaction, pushed: transaction.clock, receivedMilliseconds: now,
            proven: head.position, epoch: head.epoch
        )
        let verdict = try await verdict(of: item)
        var outcomes = judged.outcomes
        for (change, row) in zip(judged.changes, judged.rows) { outcomes[row] = Self.outcome(of: change, verdict) }
        for row in try await unplaced(judged.changes, judged.rows, outcomes) { outcomes[row] = .unplaced }
        return outcomes.map { $0 ?? .unchanged }
    }

    /// Those of the landed rows that nothing places, as of now.
    private func unplaced(_ changes: [Change], _ rows: [Int], _ outcomes: [ImportOutcome?]) async throws -> [Int] {
        let landed = zip(changes, rows).filter { outcomes[$0.1] == .landed }
        return try await disk.run { [store] in
            try store.read { reader in
                var look = try PlacementLook(reader)
                return try landed.filter { try look.isUnplaced(table: $0.0.table, id: $0.0.id) }.map(\.1)
            }
        }
    }

    public func unplaced(among names: [ImportRowName]) async throws -> [UnplacedRows] {
        guard names.count <= ImportLimits.unplacedNames else {
            throw SatchelError(
                .tooLarge, "One question names at most \(ImportLimits.unplacedNames) rows.",
                remedy: "Import with the satcheld of this server.")
        }
        return try await disk.run { [store] in
            try store.read { reader in
                var look = try PlacementLook(reader)
                return try look.unplaced(among: names)
            }
        }
    }

    private func replica() async throws -> ReplicaID {
        if let foundReplica { return foundReplica }
        let replica = try await disk.run { [findReplica] in try findReplica() }
        foundReplica = replica
        return replica
    }

    private func encode(_ transaction: Transaction) throws -> [UInt8]? {
        do {
            let payload = try coding.encode(transaction)
            return payload.count <= Limits.transactionBytes ? payload : nil
        } catch let error as SatchelError where error.code == .tooLarge {
            return nil
        }
    }

    private func verdict(of item: IngestItem) async throws -> TransactionVerdict {
        switch try await commit([item]).first {
        case .verdict(let verdict) where !verdict.isVoid: return verdict
        case .failed(let failure):
            throw SatchelError(failure.code, failure.message, remedy: "Import again: rows that have landed write nothing.")
        case .verdict, .repeated, nil:
            throw SatchelError(
                .internalError, "The log did not take the import's transaction.",
                remedy: "Import again: rows that have landed write nothing; report it if it happens twice.")
        }
    }

    /// Refusals that were not foreseen come of what someone else committed since: they lie in escrow like any.
    private static func outcome(of change: Change, _ verdict: TransactionVerdict) -> ImportOutcome {
        let problems = verdict.exceptions.compactMap { exception -> ImportProblem? in
            guard exception.table == change.table, exception.id == change.id, exception.refusal != nil else { return nil }
            return ImportProblem(field: exception.field ?? "", reason: exception.reason)
        }
        return problems.isEmpty ? .landed : .bad(problems)
    }
}
