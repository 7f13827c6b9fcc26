import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Synchronization

/// The embedded store: one SQLite database in WAL mode, one connection that writes and several that read (DESIGN §9).
///
/// Every commit is flushed to the disk before `write` returns (`synchronous = FULL`). A reader sees one moment of the log for
/// as long as its body runs and holds up no writer; while it runs, the write-ahead log cannot be emptied and grows.
///
/// Calls block: make them where a thread may wait. They do not nest: a body must not call the store again, which ends the
/// program.
public final class SQLiteServerStore: ServerStore {
    /// For what lies beside the log in the same database (identity, backup). Hold to `StorageFormat`'s tables.
    package let pool: DatabasePool
    /// Names the organisation for ever.
    public let organisation: String
    let layout: StoreLayout
    private let rules = RuleCache()
    private let commits = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    init(pool: DatabasePool, organisation: String, layout: StoreLayout) {
        self.pool = pool
        self.organisation = organisation
        self.layout = layout
    }

    /// How many calls of `write` have written anything, each with its own fsync: what group commit keeps below the number of
    /// pushes.
    public var commitCount: Int { commits.load(ordering: .acquiring) }

    /// - Throws: what the body throws; `disk-full`, `file-damaged`, `file-busy`, `internal-error`.
    public func read<T>(_ body: (any ServerReader) throws -> T) throws -> T {
        try translated {
            try pool.read { try body(SQLiteSession($0, layout: layout, rules: rules, isWriter: false)) }
        }
    }

    /// - Throws: what the body throws; `disk-full`, `file-damaged`, `file-busy`, `internal-error`. Nothing is then written.
    public func write<T>(_ body: (any ServerWriter) throws -> T) throws -> T {
        try translated {
            let (value, hasWritten) = try writing { session in
                let value = try body(session)
                return (value, session.written > 0)
            }
            if hasWritten { commits.add(1, ordering: .releasing) }
            return value
        }
    }

    /// The log after a position, ascending.
    public func entries(after position: Position, limit: Int) throws -> [LogEntry] {
        try translated {
            try pool.read {
                try SQLiteSession($0, layout: layout, rules: rules, isWriter: false).entries(after: position, limit: limit)
            }
        }
    }

    /// Goes on in a new epoch, forked from the present one at the head, as after a restore.
    public func beginEpoch(_ epoch: Epoch) throws {
        try translated {
            try writing { try $0.begin(epoch) }
        }
    }

    /// A writer of the server's own (an import, an administrator's tool): a replica without a device key, which no session can
    /// ever be opened for.
    package func enrol(_ replica: ReplicaID, user: String, milliseconds: UInt64 = 0) throws {
        try translated {
            try writing { session in
                try session.db.execute(
                    sql: "INSERT INTO replica (id, user, device, enrolled) VALUES (?, ?, 'server', ?)",
                    arguments: [Int64(bitPattern: replica.number), user, Int64(clamping: milliseconds)])
            }
        }
    }

    /// Made when the store was, from the system's random numbers: 32 bytes that never leave the server.
    package func secret(_ secret: StoreSecret) throws -> [UInt8] {
        try translated {
            let value = try pool.read { db in
                try Data?.fetchOne(db, sql: "SELECT value FROM secret WHERE name = ?", arguments: [secret.rawValue])
            }
            guard let bytes = value ?? nil else { throw SatchelError.damaged("no secret \(secret.rawValue)") }
            return Array(bytes)
        }
    }

    /// Closes every connection, and folds the write-ahead log into the database so that its file alone is complete. Waits for
    /// bodies that still run; whatever is asked afterwards throws `shutting-down`.
    public func close() throws {
        if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
        do {
            // GRDB closes its writer before its readers, after which nobody may fold. A reader in the way is no reason to stay open:
            // the log is then folded when the file is next opened.
            _ = pool.writeWithoutTransaction { try? $0.checkpoint(.truncate) }
            try pool.close()
        } catch { throw SatchelError.storage(error, path: pool.path) }
    }

    private func writing<T>(_ body: (SQLiteSession) throws -> T) throws -> T {
        try pool.writeWithoutTransaction { db in
            // On the writer's own queue, so that a write which waited for the closing finds it closed.
            try checkOpen()
            var outcome: T?
            try db.inTransaction {
                outcome = try body(SQLiteSession(db, layout: layout, rules: rules, isWriter: true))
                return .commit
            }
            guard let outcome else { throw SatchelError(.internalError, "A write gave nothing.", remedy: "Report this.") }
            return outcome
        }
    }

    private func checkOpen() throws {
        guard isClosed.load(ordering: .acquiring) else { return }
        throw SatchelError(.shuttingDown, "The server's store is closed.", remedy: "Try again when the server runs.")
    }

    private func translated<T>(_ body: () throws -> T) throws -> T {
        try checkOpen()
        do { return try body() } catch {
            // Closed while it ran: the failure is the closing's.
            if error is DatabaseError { try checkOpen() }
            throw SatchelError.storage(error, path: pool.path)
        }
    }
}

/// The keys that a server draws once.
package enum StoreSecret: String, CaseIterable {
    /// `CursorSealer`'s.
    case cursorSeal = "cursor-seal"
    /// `RootCipher`'s.
    case rootCipher = "root-cipher"
    /// For the tokens of sessions.
    case token
}
