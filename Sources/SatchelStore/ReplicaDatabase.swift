import Foundation
import GRDB
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// A replica's file: an ordinary SQLite database in WAL mode that any SQLite client may read and write at the same time.
///
/// `secure_delete` is on and commits are flushed (`synchronous = FULL`): what was removed is overwritten, and what was written
/// locally survives a power loss. Other programs wait up to five seconds for each other's writes.
public final class ReplicaDatabase: Sendable {
    /// How long one writer waits for another.
    public static let busyTimeoutSeconds = 5.0

    public let path: String
    /// For reading with GRDB, observation included. Writes through it are local changes too, judged and logged by the
    /// triggers; `write` gives their errors Satchel's codes.
    public let pool: DatabasePool
    let clock: @Sendable () -> UInt64
    private let watch: SchemaWatch

    private init(path: String, pool: DatabasePool, clock: @escaping @Sendable () -> UInt64, watch: SchemaWatch) {
        self.path = path
        self.pool = pool
        self.clock = clock
        self.watch = watch
    }

    /// Opens a replica's file, or makes it when there is none or an empty one.
    ///
    /// - Parameters:
    ///   - clock: milliseconds since 1970, for the time of local refusals.
    ///   - notice: told when another program had taken triggers away or rebuilt a table, and it was put right.
    /// - Throws: `not-a-satchel` for anything else than a replica's file, which is left untouched; `file-too-new`, `file-busy`,
    ///   `disk-full`, `file-damaged`, and `not-found` when it cannot be made there.
    public static func open(
        path: String, clock: @escaping @Sendable () -> UInt64 = { UInt64(max(0, Date().timeIntervalSince1970 * 1000)) },
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> ReplicaDatabase {
        try SatchelError.mapping {
            _ = try FileInspection.inspect(path)
            let pool = try openPool(path)
            try pool.writeWithoutTransaction { database in
                // GRDB sets NORMAL after a connection's own preparation.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // A file that is made already needs no lock: opening it waits for nobody's long write.
                guard try FileInspection.kind(of: database, path) == .empty else { return }
                try database.inTransaction(.immediate) {
                    // Asked again under the lock: another process may have made the file in the meantime.
                    if try FileInspection.kind(of: database, path) == .empty {
                        try database.execute(sql: StoreFormat.tables)
                        try database.execute(sql: "PRAGMA application_id = \(StoreFormat.applicationID)")
                        try database.execute(sql: "PRAGMA user_version = \(StoreFormat.version)")
                    }
                    return .commit
                }
            }
            let replica = ReplicaDatabase(path: path, pool: pool, clock: clock, watch: SchemaWatch(notice: notice))
            try replica.lookAtSchema()
            try replica.finishBlanking()
            return replica
        }
    }

    /// Without a lock while all is well.
    private func lookAtSchema() throws {
        let finding = try read { try watch.inspect($0) }
        if finding?.faults.isEmpty != false { return watch.committed(finding) }
        do {
            try withStore { _ in }
        } catch let error as SatchelError where error.code == .fileBusy {
            // The next write transaction looks again.
        }
    }

    private static func openPool(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.label = "satchel"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA secure_delete = ON")
            // What is sorted or rolled back must not lie in temporary files.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        let deadline = Date().addingTimeInterval(busyTimeoutSeconds)
        while true {
            do {
                return try DatabasePool(path: path, configuration: configuration)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && Date() < deadline {
                // Changing to WAL does not wait for other openers of a new file, whatever the timeout.
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    // MARK: Access

    /// Runs `body` with the store of one immediate write transaction: all of it lands or none. Observers of `pool` hear of it.
    ///
    /// When it removed rows or cells, the file is made thorough afterwards (`finishBlanking`).
    /// - Throws: what `body` throws; errors of the file with their codes.
    @discardableResult
    public func withStore<Result>(_ body: (SQLiteReplicaStore) throws -> Result) throws -> Result {
        let (result, hasBlanked) = try SatchelError.mapping {
            try pool.writeWithoutTransaction { try Self.transaction($0, clock, watch, body) }
        }
        if hasBlanked { try finishBlanking() }
        return result
    }

    /// The same without blocking the calling thread.
    @discardableResult
    public func withStore<Result: Sendable>(_ body: @escaping @Sendable (SQLiteReplicaStore) throws -> Result) async throws
        -> Result
    {
        let (clock, watch) = (clock, watch)
        do {
            return try await pool.writeWithoutTransaction { database in
                let (result, hasBlanked) = try Self.transaction(database, clock, watch, body)
                if hasBlanked { try Self.finishBlanking(database) }
                return result
            }
        } catch let error as DatabaseError {
            throw SatchelError(error)
        }
    }

    private static func transaction<Result>(
        _ database: Database, _ clock: @escaping @Sendable () -> UInt64, _ watch: SchemaWatch,
        _ body: (SQLiteReplicaStore) throws -> Result
    ) throws -> (Result, hasBlanked: Bool) {
        var outcome: (Result, Bool)?
        var finding: SchemaWatch.Finding?
        try database.inTransaction(.immediate) {
            let store = SQLiteReplicaStore(database, clock: clock)
            let result = try SatchelError.mapping {
                finding = try watch.look(store)
                return try body(store)
            }
            try store.finish()
            outcome = (result, store.hasBlanked)
            return .commit
        }
        guard let outcome else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
        watch.committed(finding)
        return outcome
    }

    /// A local write by the app, in one transaction: the triggers judge and log it.
    /// - Throws: the refusal's code when something may not be written; nothing of the transaction is kept then.
    @discardableResult
    public func write<Result>(_ updates: (Database) throws -> Result) throws -> Result {
        try SatchelError.mapping { try pool.write(updates) }
    }

    public func read<Result>(_ body: (ReplicaReader) throws -> Result) throws -> Result {
        try SatchelError.mapping { try pool.read { try body(ReplicaReader($0)) } }
    }

    /// Folds the WAL into the file, if no other program is reading it, and lets go of both. GRDB closes its writer before its
    /// readers, so that SQLite's own checkpoint at the last closing would not happen.
    public func close() throws {
        try SatchelError.mapping {
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA busy_timeout = 0")
                do {
                    _ = try database.checkpoint(.truncate)
                } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED
                {
                    // The next one to close, or SQLite's automatic checkpoint, does it.
                }
            }
            try pool.close()
        }
    }
}
