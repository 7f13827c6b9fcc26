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
    /// Own writes found to be overtaken by a delete.
    public var overtaken: Int
    /// Why the push goes no further.
    public var failure: Failure?

    public init(acknowledged: Int, refused: Int, overtaken: Int = 0, failure: Failure?) {
        self.acknowledged = acknowledged
        self.refused = refused
        self.overtaken = overtaken
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
        guard let baseHash = try runningHash(at: state.confirmedThrough, store) else { throw Self.lost(state.confirmedThrough) }
        return PushPlan(
            open: PushOpen(
                commitment: try commitment(store), baseCounter: state.confirmedThrough, baseHash: baseHash, clock: clock),
            transactions: pending.map(\.sealed))
    }

    /// Keeps what the server answered. Repeats change nothing.
    public func receive(_ reply: PushReply, _ store: any ReplicaStore) throws -> PushProgress {
        switch reply {
        case .failed(let failure):
            return PushProgress(
                acknowledged: 0, refused: 0, failure: Self.lostBehind(try store.state().confirmedThrough, failure) ?? failure)
        case .acknowledged(let acknowledgement):
            // Another program may have come further with the same file meanwhile.
            if try store.state().appliedThrough > acknowledgement.appliedThrough {
                return PushProgress(acknowledged: 0, refused: 0, failure: nil)
            }
            // A verdict on someone else's transaction under this replica's id is none on ours.
            guard try runningHash(at: acknowledgement.appliedThrough, store) == acknowledgement.runningHash else {
                return PushProgress(acknowledged: 0, refused: 0, failure: Self.diverged)
            }
            let before = try store.state().confirmedThrough
            let kept = try keepVerdicts(acknowledgement.verdicts, store)
            let after = try store.state().confirmedThrough
            return PushProgress(
                acknowledged: Int(clamping: after - before), refused: kept.refused, overtaken: kept.overtaken, failure: nil)
        }
    }

    static func lost(_ counter: UInt64) -> SatchelError {
        SatchelError(
            .fileDamaged, "The queue of this file has lost transaction \(counter).",
            remedy: "Keep the file for whoever can look into it, and enrol a new one.")
    }

    /// A server that asks again for what it had acknowledged was restored from a backup of before: what it lacks is no longer
    /// queued here, and asking again would not bring it.
    private static func lostBehind(_ confirmed: UInt64, _ failure: Failure) -> Failure? {
        guard case .resumeFrom(let counter) = failure.action, counter <= confirmed else { return nil }
        return Failure(
            code: .replicaDiverged,
            message: "The server lacks your transactions \(counter) to \(confirmed), which it had acknowledged: it was restored"
                + " from an older backup.", action: .enrol)
    }

    static let diverged = Failure(
        code: .replicaDiverged,
        message: "This file's own history is not the one that the server has: it was copied, or restored from an older copy.",
        action: .enrol)

    /// The replica's own running hash after a counter; nil for one that it never gave, or has let go of.
    func runningHash(at counter: UInt64, _ store: any ReplicaStore) throws -> [UInt8]? {
        let state = try store.state()
        if counter == state.appliedThrough { return state.appliedHash }
        return try store.transaction(counter)?.runningHash
    }

    /// Keeps verdicts durably, in order, without a gap.
    func keepVerdicts(_ verdicts: [TransactionVerdict], _ store: any ReplicaStore) throws -> KeptVerdicts {
        var state = try store.state()
        var kept = KeptVerdicts()
        for verdict in verdicts.sorted(by: { $0.counter < $1.counter }) where verdict.counter == state.confirmedThrough + 1 {
            if verdict.exceptions.contains(where: \.mustBeListed), let pending = try store.transaction(verdict.counter) {
                let transaction = try coding.decode(pending.sealed.payload)
                let dot = Dot(replica: state.replica ?? ReplicaID(0), counter: verdict.counter)
                for exception in verdict.exceptions where exception.mustBeListed {
                    switch exception.outcome {
                    case .refused:
                        try keep(exception, of: transaction, store)
                        kept.refused += 1
                    case .superseded: kept.overtaken += try keepOvertaken(exception, of: transaction, dot, store)
                    case .merged: break
                    }
                }
            }
            state.confirmedThrough = verdict.counter
        }
        try store.setState(state)
        return kept
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

    /// - Returns: the number of writes that are new to this replica.
    private func keepOvertaken(
        _ exception: VerdictException, of transaction: Transaction, _ dot: Dot, _ store: any ReplicaStore
    ) throws -> Int {
        let change = transaction.changes.first { $0.table == exception.table && $0.id == exception.id }
        let cells = change?.cells ?? []
        var lost: [(field: String?, value: Value)] = cells.filter { exception.field == nil || $0.field == exception.field }
            .map { ($0.field, $0.value) }
        if lost.isEmpty { lost = [(exception.field, .null)] }
        return try lost.count { field, value in
            try store.addOvertaken(
                OvertakenWrite(
                    transaction: dot, table: exception.table, row: exception.id, operation: change?.operation ?? .update,
                    field: field, value: value, code: exception.code, reason: exception.reason,
                    writtenMilliseconds: transaction.clock.wallMilliseconds))
        }
    }
}

/// What was new in some verdicts.
struct KeptVerdicts {
    var refused = 0
    /// Own writes that a delete overtook.
    var overtaken = 0
}

extension VerdictException {
    /// Whether the replica must keep it for its user. Losers of concurrent writes are among the conflict's heads, which the
    /// server sends with the row; of a row that is gone nothing is sent.
    fileprivate var mustBeListed: Bool {
        switch outcome {
        case .merged: false
        case .superseded: code != .concurrentWrite
        case .refused: true
        }
    }
}
