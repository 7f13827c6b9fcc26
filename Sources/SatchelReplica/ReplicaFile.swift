import Dispatch
import GRDB
import Logging
import SatchelEngine
import SatchelProtocol
import SatchelStore

/// The replica's file, worked on without blocking the caller's thread.
struct ReplicaFile: Sendable {
    let path: String
    private let database: ReplicaDatabase
    private let pollInterval: Duration

    private init(_ database: ReplicaDatabase, pollInterval: Duration) {
        path = database.path
        self.database = database
        self.pollInterval = pollInterval
    }

    static func open(path: String, configuration: ReplicaConfiguration) async throws -> ReplicaFile {
        let (clock, logger) = (configuration.clock, configuration.logger)
        let database = try await blocking {
            let database = try ReplicaDatabase.open(
                path: path, clock: { clock.reading().wallMilliseconds }, notice: { logger.warning("\($0)") })
            // Looked for first: who only reads must not wait for another program's long write.
            if try !database.read({ try ReplicaSettings.exists($0.database) }) {
                try database.withStore { try ReplicaSettings.prepare($0.database) }
            }
            return database
        }
        return ReplicaFile(database, pollInterval: configuration.pollInterval)
    }

    /// For observation.
    var pool: DatabasePool { database.pool }

    /// One write transaction: all of it lands or none.
    @discardableResult
    func transact<Result: Sendable>(
        _ work: @escaping @Sendable (SQLiteReplicaStore, Database) throws -> Result
    ) async throws -> Result {
        try await database.withStore { store in try work(store, store.database) }
    }

    func read<Result: Sendable>(_ work: @escaping @Sendable (ReplicaReader) throws -> Result) async throws -> Result {
        try await readOnly { try work(ReplicaReader($0)) }
    }

    /// On a connection that was opened for reading only.
    func readOnly<Result: Sendable>(_ work: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        do {
            return try await pool.read(work)
        } catch let error as DatabaseError {
            throw SatchelError(error)
        }
    }

    /// Removals that a reader kept from being thorough are tried again.
    func blank() async throws { _ = try await Self.blocking { try database.finishBlanking() } }

    func changesByOthers() -> AsyncThrowingStream<Void, any Error> { database.changesByOthers(every: pollInterval) }

    func close() async { try? await Self.blocking { try database.close() } }

    /// On a thread that may block.
    private static func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}
