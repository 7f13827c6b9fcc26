import SatchelCore
import SatchelPolicy
import SatchelProtocol
import Synchronization

/// A server's store in plain dictionaries and arrays: the simulator's, and the model that the others are compared with.
///
/// A reader works on a copy of the state, so that it never waits and sees one moment. A writer owns the state while it
/// runs: reading or writing the same store from within its body is a deadlock.
public final class MemoryServerStore: ServerStore {
    /// Nil while a writer owns it.
    private let state: Mutex<MemoryServerState?>
    private let commits = Atomic<Int>(0)

    /// An empty log under these rules, in force from position zero.
    public init(governance: Governance, epoch: Epoch) {
        state = Mutex(MemoryServerState(governance: governance, epoch: epoch))
    }

    /// How many calls of `write` have written anything.
    public var commitCount: Int { commits.load(ordering: .acquiring) }

    /// Makes known who is behind a replica, as enrolment does.
    public func enrol(_ replica: ReplicaID, user: String) {
        state.withLock { $0?.authors[replica] = user }
    }

    /// Goes on in a new epoch, forked from the present one at the head, as after a restore.
    public func beginEpoch(_ epoch: Epoch) {
        state.withLock { $0?.begin(epoch) }
    }

    /// The log after a position, ascending.
    public func entries(after position: Position, limit: Int) -> [LogEntry] {
        state.withLock { state in
            Array((state?.entries ?? []).dropFirst(Int(clamping: position.number)).prefix(max(limit, 0)))
        }
    }

    /// All rows of a table, dead ones included, in order of arrival.
    public func rows(table: Int) -> [StoredRow] {
        state.withLock { state in
            (state?.rows.values ?? [:].values).filter { $0.row.key.table == table }.sorted { $0.order < $1.order }.map(\.row)
        }
    }

    public func read<T>(_ body: (any ServerReader) throws -> T) throws -> T {
        guard let snapshot = state.withLock({ $0 }) else { throw Self.gone }
        return try body(MemorySession(snapshot))
    }

    public func write<T>(_ body: (any ServerWriter) throws -> T) throws -> T {
        // Through a variable, since a mutex gives out only what it can prove to be unshared.
        var outcome: Result<T, any Error>?
        let written = state.withLock { state in
            // Taken out: what is shared is copied whole when it changes, and the session's must be the only one.
            guard let owned = state.take() else { return 0 }
            let session = MemorySession(consume owned)
            let result = Result { try body(session) }
            outcome = result
            if case .success = result {
                state = session.kept()
                return session.written > 0 ? 1 : 0
            }
            state = session.undone()
            return 0
        }
        commits.add(written, ordering: .releasing)
        guard let outcome else { throw Self.gone }
        return try outcome.get()
    }

    private static var gone: SatchelError {
        SatchelError(.internalError, "The memory store was used from within its own write.", remedy: "Report this.")
    }
}
