import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One push request, ready to send.
public struct PushPlan: Sendable, Hashable {
    public var open: PushOpen
    public var transactions: [SealedTransaction]

    public init(open: PushOpen, transactions: [SealedTransaction]) {
        self.open = open
        self.transactions = transactions
    }
}

/// What one reply frame of a push brought.
public struct PushProgress: Sendable, Hashable {
    /// Transactions that are durable on the server now and were not known to be before.
    public var acknowledged: Int
    /// Refusals that are new to this replica.
    public var refused: Int
    /// Why the push goes no further.
    public var failure: Failure?

    public init(acknowledged: Int, refused: Int, failure: Failure?) {
        self.acknowledged = acknowledged
        self.refused = refused
        self.failure = failure
    }
}

extension ReplicaEngine {
    public func commitment(_ store: any ReplicaStore) throws -> Commitment {
        let state = try store.state()
        return Commitment(
            cursor: state.cursor, lastCounter: state.lastCounter, runningHash: state.lastHash,
            confirmedThrough: state.confirmedThrough)
    }

    /// The transactions whose verdicts are not yet kept, as many as one request takes.
    /// - Returns: nil when there is nothing to send.
    public func nextPush(_ store: any ReplicaStore, clock: ClockReading) throws -> PushPlan? {
        try closeOpenChanges(store, clock: clock)
        let state = try store.state()
        let pending = try store.transactions(
            after: state.confirmedThrough, limit: Limits.pushRequestTransactions, bytes: Limits.pushRequestBytes)
        guard !pending.isEmpty else { return nil }
        let baseHash: [UInt8]
        if state.confirmedThrough == state.appliedThrough {
            baseHash = state.appliedHash
        } else if let before = try store.transaction(state.confirmedThrough) {
            baseHash = before.runningHash
        } else {
            throw SatchelError(
                .fileDamaged, "The queue of this file has lost transaction \(state.confirmedThrough).",
                remedy: "Enrol this file again; it keeps what is left of its queue.")
        }
        return PushPlan(
            open: PushOpen(
                commitment: try commitment(store), baseCounter: state.confirmedThrough, baseHash: baseHash, clock: clock),
            transactions: pending.map(\.sealed))
    }

    /// Keeps what the server answered. Repeats change nothing.
    public func receive(_ reply: PushReply, _ store: any ReplicaStore) throws -> PushProgress {
        switch reply {
        case .failed(let failure): return PushProgress(acknowledged: 0, refused: 0, failure: failure)
        case .acknowledged(let acknowledgement):
            let before = try store.state().confirmedThrough
            let refused = try keepVerdicts(acknowledgement.verdicts, store)
            let after = try store.state().confirmedThrough
            return PushProgress(acknowledged: Int(clamping: after - before), refused: refused, failure: nil)
        }
    }

    /// Keeps verdicts durably, in order, without a gap.
    /// - Returns: the number of new refusals.
    func keepVerdicts(_ verdicts: [TransactionVerdict], _ store: any ReplicaStore) throws -> Int {
        var state = try store.state()
        var refused = 0
        for verdict in verdicts.sorted(by: { $0.counter < $1.counter }) where verdict.counter == state.confirmedThrough + 1 {
            let refusals = verdict.exceptions.filter { $0.refusal != nil }
            if !refusals.isEmpty, let pending = try store.transaction(verdict.counter) {
                let transaction = try coding.decode(pending.sealed.payload)
                for exception in refusals { try keep(exception, of: transaction, store) }
                refused += refusals.count
            }
            state.confirmedThrough = verdict.counter
        }
        try store.setState(state)
        return refused
    }

    private func keep(_ exception: VerdictException, of transaction: Transaction, _ store: any ReplicaStore) throws {
        guard let id = exception.refusal else { return }
        let change = transaction.changes.first { $0.table == exception.table && $0.id == exception.id }
        let cells = change?.cells ?? []
        try store.addRefusal(
            LocalRefusal(
                id: id, table: exception.table, row: exception.id, operation: change?.operation ?? .update,
                field: exception.field, cells: exception.field.map { field in cells.filter { $0.field == field } } ?? cells,
                code: exception.code, reason: exception.reason, writtenMilliseconds: transaction.clock.wallMilliseconds))
    }
}
