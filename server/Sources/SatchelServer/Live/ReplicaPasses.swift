import SatchelCore
import SatchelProtocol
import Synchronization

/// How many passes each replica has at work or in line, so that one device never holds all places.
final class ReplicaPasses: Sendable {
    private let maximum: Int
    private let counts = Mutex<[ReplicaID: Int]>([:])

    init(maximum: Int) { self.maximum = maximum }

    /// - Throws: `Failure` `.busy`, when the replica has as many as it may.
    func withPlace<Result>(of replica: ReplicaID, _ body: () async throws -> Result) async throws -> Result {
        let isFree = counts.withLock { counts in
            let count = counts[replica] ?? 0
            if count < maximum { counts[replica] = count + 1 }
            return count < maximum
        }
        guard isFree else { throw Self.tooMany }
        defer {
            counts.withLock { counts in
                let count = counts[replica] ?? 0
                counts[replica] = count > 1 ? count - 1 : nil
            }
        }
        return try await body()
    }

    private static let tooMany = Failure(
        code: .busy, message: "This device has too many pulls at work.", action: .retryAfter(seconds: 10))
}
