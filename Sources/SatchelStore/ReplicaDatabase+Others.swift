import GRDB
import SatchelProtocol

/// Writes by other processes, of which GRDB's observation hears nothing.
extension ReplicaDatabase {
    /// A number that changes when another process, or another pool, has committed to the file; this pool's own commits leave it
    /// alone. Means nothing but by comparison with an earlier one of the same `ReplicaDatabase`. Costs microseconds.
    public func dataVersion() async throws -> Int {
        do {
            return try await pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
        } catch let error as DatabaseError {
            throw SatchelError(error)
        }
    }

    /// One element after each commit by others that was noticed, looking every `interval`. Observers of `pool` are told
    /// before it is delivered. Several commits between two looks are one element. Ends when its task is cancelled.
    public func changesByOthers(every interval: Duration = .milliseconds(200)) -> AsyncThrowingStream<Void, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                do {
                    var last = try await dataVersion()
                    while true {
                        try await Task.sleep(for: interval)
                        let now = try await dataVersion()
                        guard now != last else { continue }
                        last = now
                        try await pool.write { try $0.notifyChanges(in: .fullDatabase) }
                        continuation.yield()
                    }
                } catch is CancellationError {
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
