import Logging
import SatchelCore
import SatchelEngine
import SatchelProtocol

/// The one way into the log. Whatever waits while a commit is on its way to the disk goes together into the next: many
/// pushes, one fsync (DESIGN §9). Nobody waits for company: an item that comes alone is committed alone, at once.
public actor Committer {
    /// What became of one submission; durable.
    public struct Admitted: Sendable {
        /// One an item, in order.
        public var outcomes: [IngestOutcome]
        /// How far each of its replicas is now.
        public var applied: [ReplicaID: AppliedMark]
    }

    private let store: any ServerStore
    private let limits: ServerLimits
    private let logger: Logger
    private let committed: @Sendable (IngestReport) -> Void
    private let disk = Blocking.serial("satchel.commit")

    private var waiting = SubmissionQueue()
    private var isDraining = false
    private var isClosed = false
    private var drained: [CheckedContinuation<Void, Never>] = []

    /// - Parameter committed: called after each commit, before anyone is answered.
    public init(
        store: any ServerStore, limits: ServerLimits = ServerLimits(), logger: Logger = Logger(label: "satchel.server"),
        committed: @escaping @Sendable (IngestReport) -> Void = { _ in }
    ) {
        self.store = store
        self.limits = limits
        self.logger = logger
        self.committed = committed
    }

    /// Admits transactions, in order, in one commit.
    ///
    /// - Parameter items: at most `Limits.groupTransactions`.
    /// - Returns: when they are durable.
    /// - Throws: `Failure`: `.busy` when too much waits already, `.diskFull`, `.shuttingDown`, `.internalError`; nothing of
    ///   the submission is then in the log.
    public func submit(_ items: [IngestItem]) async throws -> Admitted {
        guard !items.isEmpty else { return Admitted(outcomes: [], applied: [:]) }
        let bytes = items.reduce(0) { $0 + $1.sealed.payload.count }
        guard waiting.isEmpty || waiting.fits(items.count, bytes, within: limits) else { throw Self.busy }
        return try await enqueue { .items(items, bytes: bytes, $0) }
    }

    /// Changes the rules, for everyone, from the log's next position on.
    ///
    /// - Parameter administrator: who did it, for the log; whether they may is the caller's to know.
    /// - Returns: when it is durable and everyone whom it concerns is woken.
    @discardableResult
    public func govern(
        _ changes: [GovernanceChange], by administrator: String, receivedMilliseconds: UInt64
    ) async throws -> IngestReport {
        try await withCheckedThrowingContinuation { continuation in
            add(
                .governance(
                    GovernanceOrder(
                        changes: changes, administrator: administrator, receivedMilliseconds: receivedMilliseconds),
                    continuation)
            ) { continuation.resume(throwing: $0) }
        }
    }

    /// How many submissions wait for the commit that is on its way.
    var waitingCount: Int { waiting.count }

    /// Takes nothing more, and returns when everything that was taken is answered.
    public func close() async {
        isClosed = true
        guard isDraining else { return }
        await withCheckedContinuation { drained.append($0) }
    }

    private func enqueue(
        _ submission: (CheckedContinuation<Admitted, any Error>) -> SubmissionQueue.Submission
    ) async throws -> Admitted {
        try await withCheckedThrowingContinuation { continuation in
            add(submission(continuation)) { continuation.resume(throwing: $0) }
        }
    }

    private func add(_ submission: SubmissionQueue.Submission, refuse: (Failure) -> Void) {
        if isClosed { return refuse(Self.closing) }
        waiting.append(submission)
        if !isDraining {
            isDraining = true
            Task { await drain() }
        }
    }

    private func drain() async {
        while true {
            // More may have come during the commit: that is the point.
            switch waiting.takeGroup(within: limits) {
            case .items(let group): await commit(group)
            case .governance(let order, let continuation): await commit(order, continuation)
            case nil:
                isDraining = false
                for continuation in drained { continuation.resume() }
                drained = []
                return
            }
        }
    }

    private func commit(_ group: [SubmissionQueue.Items]) async {
        let items = group.flatMap(\.items)
        do {
            let report = try await write { try Ingest.commit(items, in: $0) }
            var outcomes = report.outcomes[...]
            for submission in group {
                let own = Array(outcomes.prefix(submission.items.count))
                outcomes = outcomes.dropFirst(submission.items.count)
                submission.continuation.resume(returning: Admitted(outcomes: own, applied: report.applied))
            }
        } catch  where group.count > 1 {
            // One that cannot be stored must not hold up its neighbours.
            logger.warning("A group could not be committed; trying its parts.", metadata: ["cause": "\(error)"])
            for submission in group { await commit([submission]) }
        } catch {
            logger.error("A push could not be committed.", metadata: ["cause": "\(error)"])
            for submission in group { submission.continuation.resume(throwing: Failure(reporting: error)) }
        }
    }

    private func commit(
        _ order: GovernanceOrder, _ continuation: CheckedContinuation<IngestReport, any Error>
    ) async {
        do {
            let report = try await write {
                try GovernanceIngest.commit(
                    order.changes, by: order.administrator, receivedMilliseconds: order.receivedMilliseconds, in: $0)
            }
            continuation.resume(returning: report)
        } catch { continuation.resume(throwing: error) }
    }

    private func write(_ body: @escaping @Sendable (any ServerWriter) throws -> IngestReport) async throws -> IngestReport {
        let report = try await disk.run { [store] in try store.write(body) }
        committed(report)
        return report
    }

    private static let busy = Failure(
        code: .busy, message: "More is being written than the server can take at once.", action: .retryAfter(seconds: 2))
    private static let closing = Failure(
        code: .shuttingDown, message: "The server is shutting down.", action: .retryAfter(seconds: 5))
}
