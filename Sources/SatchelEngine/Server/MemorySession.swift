import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One read or write of a `MemoryServerStore`.
final class MemorySession: ServerWriter {
    private var state: MemoryServerState
    private var before: MemoryServerState?
    /// Written, not yet applied: a commit that is the last thing its body does is applied without a copy for the way back.
    private var staged: Commit?
    private(set) var written = 0

    init(_ state: consuming MemoryServerState) { self.state = state }

    func write(_ commit: Commit) throws {
        settle()
        try commit.check(after: state.head, schema: state.schema) { state.applied[$0] ?? .none }
        staged = commit
        written += 1
    }

    /// The state with everything that was written.
    func kept() -> MemoryServerState {
        if let staged { state.apply(staged) }
        return state
    }

    /// The state as if nothing had been written.
    func undone() -> MemoryServerState { before ?? state }

    private func settle() {
        guard let commit = staged else { return }
        if before == nil { before = state }
        staged = nil
        state.apply(commit)
    }

    private func settled<T>(_ body: (MemoryServerState) throws -> T) rethrows -> T {
        settle()
        return try body(state)
    }

    func head() throws -> LogHead { settled { $0.head } }
    func governance(at position: Position) throws -> Governance { try settled { try $0.governance(at: position) } }
    func governancePosition() throws -> Position { settled { $0.governances.last?.began ?? .zero } }
    func applied(_ replica: ReplicaID) throws -> AppliedMark { settled { $0.applied[replica] ?? .none } }

    func runningHash(_ replica: ReplicaID, at counter: UInt64) throws -> [UInt8]? {
        if counter == 0 { return RunningHash.start }
        return settled { state in
            if let own = state.transaction(replica, counter) { return own.runningHash }
            return state.beginnings[replica].flatMap { $0.counter == counter ? $0.runningHash : nil }
        }
    }

    func kin(of replica: ReplicaID) throws -> [ReplicaID: UInt64] { settled { $0.kin[replica] ?? [:] } }
    func family(of replica: ReplicaID) throws -> [ReplicaID] { settled { $0.family(of: replica) } }

    func verdicts(_ replica: ReplicaID, counters: ClosedRange<UInt64>) throws -> [TransactionVerdict] {
        settled { state in
            let last = state.applied[replica]?.counter ?? 0
            guard counters.lowerBound <= last else { return [] }
            return (counters.lowerBound...min(counters.upperBound, last)).compactMap { state.transaction(replica, $0)?.verdict }
        }
    }

    func author(_ replica: ReplicaID) throws -> String { settled { $0.authors[replica] ?? "?" } }
    func clock(at position: Position) throws -> HLC { try settled { try $0.clock(at: position) } }
    func fork(of epoch: Epoch) throws -> Position? { settled { $0.fork(of: epoch) } }
    func row(_ key: RowKey) throws -> StoredRow? { settled { $0.rows[key]?.row } }

    func referencing(table: Int, field: Int, id: RowID) throws -> [RowID] {
        settled { ($0.references[MemoryServerState.Reference(table: table, field: field, id: id)] ?? []).sorted() }
    }

    func memberships(of root: RootNumber) throws -> [Membership] {
        settled { ($0.memberships[root] ?? []).sorted { ($0.began, $0.scope) < ($1.began, $1.scope) } }
    }

    func roots(in scope: Scope, changedAfter position: Position) throws -> [RootNumber] {
        settled { $0.roots(in: scope, changedAfter: position) }
    }

    func rows(
        under root: RootNumber, changedAfter position: Position, page: RowPage?, limit: Int
    ) throws -> (rows: [StoredRow], next: RowPage?) {
        settled { $0.rows(under: root, changedAfter: position, page: page, limit: limit) }
    }

    func refusal(_ id: RefusalID) throws -> RefusalRecord? { settled { $0.refusals[id] } }

    func outstandingRefusals(of user: String) throws -> [RefusalRecord] {
        settled { state in
            state.refusals.values.filter { $0.user == user && $0.state == .outstanding }
                .sorted { ($0.position, $0.id) < ($1.position, $1.id) }
        }
    }
}
