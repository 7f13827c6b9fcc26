import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// The replica's side of the protocol: pure decisions over a `ReplicaStore`, inside the caller's one write transaction.
/// Split by direction: `ReplicaEngine+Push.swift`, `ReplicaEngine+Pull.swift`, and the local side here.
public struct ReplicaEngine: Sendable {
    let coding: any TransactionCoding

    public init(coding: any TransactionCoding) { self.coding = coding }

    /// Closes everything written since the last call into transactions: one, or several when there is too much for one.
    /// Called at the end of each write through the library, and before anything is applied, so that what another program
    /// wrote never claims to have seen a later checkpoint (DESIGN §4).
    /// - Parameter resolutions: travel with what is open, or alone when nothing is.
    /// - Returns: the counters given.
    /// - Throws: `too-large` when all or nothing was asked and does not fit one transaction.
    @discardableResult
    public func closeOpenChanges(
        _ store: any ReplicaStore, clock: ClockReading, isAtomic: Bool = false, resolutions: [Resolution] = []
    ) throws -> [UInt64] {
        guard let schema = try store.schema() else { return [] }
        var counters: [UInt64] = []
        var resolutions = resolutions
        while true {
            let open = try store.takeOpenChanges(limit: Limits.transactionChanges)
            if open.isEmpty {
                if !resolutions.isEmpty { counters.append(try seal([], resolutions: resolutions, store, clock)) }
                return counters
            }
            var state = try store.state()
            var changes: [Change] = []
            var bytes = 0
            var cells = 0
            for change in open.lazy.flatMap({ $0.parts(schema.tables[$0.key.table]) }) {
                let size = change.approximateBytes
                let isFull =
                    bytes + size > Limits.transactionBytes / 2 || cells + change.cells.count > Limits.transactionCells / 2
                if isFull, !changes.isEmpty {
                    if isAtomic { throw Self.tooLargeForAtomic }
                    counters.append(try seal(changes, store, clock))
                    state = try store.state()
                    (changes, bytes, cells) = ([], 0, 0)
                }
                cells += change.cells.count
                changes.append(
                    try Overlay.record(
                        change, counter: state.lastCounter + 1, position: state.position, schema: schema, store))
                bytes += size
            }
            if isAtomic, !counters.isEmpty { throw Self.tooLargeForAtomic }
            counters.append(try seal(changes, resolutions: resolutions, store, clock, isAtomic: isAtomic))
            resolutions = []
        }
    }

    private static let tooLargeForAtomic = SatchelError(
        .tooLarge, "What was written is too much for one atomic transaction.",
        remedy: "Write it in smaller atomic transactions, or without asking for all or nothing.")

    /// Gives the next counter to some changes.
    func seal(
        _ changes: [Change], resolutions: [Resolution] = [], _ store: any ReplicaStore, _ clock: ClockReading,
        isAtomic: Bool = false
    ) throws -> UInt64 {
        var state = try store.state()
        let counter = state.lastCounter + 1
        let transaction = Transaction(
            counter: counter, epoch: state.cursor?.epoch ?? Epoch(0), clock: clock, isAtomic: isAtomic, changes: changes,
            resolutions: resolutions)
        let sealed = SealedTransaction(counter: counter, payload: try coding.encode(transaction))
        let hash = RunningHash.next(state.lastHash, sealed)
        try store.append(PendingTransaction(sealed: sealed, runningHash: hash))
        state.lastCounter = counter
        state.lastHash = hash
        try store.setState(state)
        return counter
    }

    /// Gives up a refused change, or says that what is open writes it anew: the two travel as one transaction, so that the
    /// server never holds the one without the other. Close what was written before it first.
    public func resolve(
        _ refusal: RefusalID, _ action: Resolution.Action, _ store: any ReplicaStore, clock: ClockReading
    ) throws {
        try closeOpenChanges(store, clock: clock, resolutions: [Resolution(refusal: refusal, action: action)])
        try store.removeRefusal(refusal)
    }

    /// Settles a conflict by writing the shown value again, having seen the others.
    public func keep(_ key: RowKey, field: Int, _ store: any ReplicaStore, clock: ClockReading) throws {
        try closeOpenChanges(store, clock: clock)
        guard let schema = try store.schema(), let row = try store.row(key), key.table < schema.tables.count else {
            throw SatchelError(.notFound, "The row is not here.", remedy: "List the table to see which rows are.")
        }
        let cell = OpenChange.Cell(field: field, before: row[field], after: row[field])
        let state = try store.state()
        let record = try Overlay.record(
            OpenChange(key: key, operation: .update, cells: [cell]), counter: state.lastCounter + 1, position: state.position,
            schema: schema, store)
        _ = try seal([record], store, clock)
        try store.setConflict(nil, key: key, field: field)
    }

    /// What this file was before, for enrolling it anew; nil for a file that never was enrolled.
    public func predecessor(_ store: any ReplicaStore) throws -> Predecessor? {
        let state = try store.state()
        guard let replica = state.replica else { return nil }
        guard let hash = try runningHash(at: state.confirmedThrough, store) else { throw Self.lost(state.confirmedThrough) }
        return Predecessor(replica: replica, confirmedThrough: state.confirmedThrough, runningHash: hash)
    }

    /// Takes on an identity: the first one, or a new one for a file that keeps its queue. The chain of transactions goes on:
    /// what the server has confirmed stays behind, and what it has not is sent under the new identity as it stands.
    /// - Parameter previous: what the request named (`predecessor`).
    /// - Throws: `user-mismatch` or `organisation-mismatch` when the file already belongs to another; `file-busy` when another
    ///   program came further with the file meanwhile.
    public func adopt(
        _ identity: EnrolReply, after previous: Predecessor?, server: String, _ store: any ReplicaStore
    ) throws {
        var state = try store.state()
        if let organisation = state.organisation, organisation != identity.organisation {
            throw SatchelError(
                .organisationMismatch, "This file belongs to another organisation.", remedy: "Enrol into a new file.")
        }
        if let user = state.user, user != identity.user {
            throw SatchelError(
                .userMismatch, "This file belongs to \(user), the code to \(identity.user).",
                remedy: "Enrol \(identity.user) into a new file.")
        }
        guard try predecessor(store) == previous else {
            throw SatchelError(
                .fileBusy, "Another program synced or enrolled this file meanwhile.",
                remedy: "Sync; if it asks for it, enrol again with a new code.")
        }
        state.replica = identity.replica
        state.user = identity.user
        state.organisation = identity.organisation
        state.server = server
        try store.setState(state)
    }
}
