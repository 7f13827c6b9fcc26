import Dispatch
import GRDB
import SatchelCore
import SatchelProtocol
import SatchelStore

extension Replica {
    /// A value that is fetched again whenever something that it was fetched from changes: by this process, by another, by a
    /// sync. A consumer that is slow sees the latest value, not each one in between.
    ///
    /// - Parameter fetch: reads with GRDB or SQL; what it reads is what is watched.
    /// - Returns: the value now, then each new one. Ends with an error when fetching fails. Cancelling the reader ends it.
    public func observe<Result: Sendable>(
        _ fetch: @escaping @Sendable (Database) throws -> Result
    ) -> AsyncThrowingStream<Result, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let cancellable = ValueObservation.tracking(fetch).start(
                in: file.pool, scheduling: .async(onQueue: .global()),
                onError: { error in
                    continuation.finish(throwing: (error as? DatabaseError).map(SatchelError.init) ?? error)
                },
                onChange: { continuation.yield($0) })
            // Others' writes are looked for as long as this subscription lives.
            let subscription = changes.subscribe()
            let watching = Task { for await _ in subscription {} }
            continuation.onTermination = { _ in
                cancellable.cancel()
                watching.cancel()
            }
        }
    }

    /// The rows of a table, as `rows` gives them, again and again.
    ///
    /// - Throws: as the last of the stream, what `rows` throws.
    public func observeRows(
        _ table: String, where condition: String? = nil, arguments: [Value] = []
    ) -> AsyncThrowingStream<[ReplicaRow], any Error> {
        observe { database in
            if let condition { try SQLCondition.check(condition) }
            let fetch = try RowFetch(table, ReplicaReader(database))
            return try fetch.rows(
                where: condition, arguments: StatementArguments(arguments.map(\.databaseValue)), limit: nil)
        }
    }
}
