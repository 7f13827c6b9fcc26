import SatchelEngine
import SatchelProtocol

/// A change of the rules on its way to the log.
struct GovernanceOrder: Sendable {
    let changes: [GovernanceChange]
    let administrator: String
    let receivedMilliseconds: UInt64
}

/// What waits to be committed, first come, first served.
struct SubmissionQueue {
    struct Items {
        let items: [IngestItem]
        let bytes: Int
        let continuation: CheckedContinuation<Committer.Admitted, any Error>
    }

    enum Submission {
        case items([IngestItem], bytes: Int, CheckedContinuation<Committer.Admitted, any Error>)
        case governance(GovernanceOrder, CheckedContinuation<IngestReport, any Error>)
    }

    enum Group {
        /// Under one fsync.
        case items([Items])
        /// By itself: it changes the rules by which what follows is judged.
        case governance(GovernanceOrder, CheckedContinuation<IngestReport, any Error>)
    }

    private var waiting: [Submission] = []
    private var transactions = 0
    private var bytes = 0

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }

    func fits(_ count: Int, _ size: Int, within limits: ServerLimits) -> Bool {
        transactions + count <= limits.waitingTransactions && bytes + size <= limits.waitingBytes
    }

    mutating func append(_ submission: Submission) {
        if case .items(let items, let size, _) = submission {
            transactions += items.count
            bytes += size
        }
        waiting.append(submission)
    }

    /// The next to be committed together: as much as waits, within the limits of a group, at least one.
    mutating func takeGroup(within limits: ServerLimits) -> Group? {
        if case .governance(let order, let continuation) = waiting.first {
            waiting.removeFirst()
            return .governance(order, continuation)
        }
        var group: [Items] = []
        var count = 0
        var size = 0
        for submission in waiting {
            guard case .items(let items, let itemBytes, let continuation) = submission else { break }
            guard
                group.isEmpty
                    || (count + items.count <= Limits.groupTransactions && size + itemBytes <= limits.groupBytes)
            else { break }
            group.append(Items(items: items, bytes: itemBytes, continuation: continuation))
            count += items.count
            size += itemBytes
        }
        guard !group.isEmpty else { return nil }
        waiting.removeFirst(group.count)
        transactions -= count
        bytes -= size
        return .items(group)
    }
}
