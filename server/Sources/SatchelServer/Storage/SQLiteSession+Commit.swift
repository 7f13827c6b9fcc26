import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

extension SQLiteSession {
    func write(_ commit: Commit) throws {
        try commit.check(after: head(), schema: layout.schema) { try applied($0) }
        try append(commit.entries)
        try store(commit.rows)
        try store(commit.memberships)
        for (root, position) in commit.touched.sorted(by: { $0.key < $1.key }) { try touch(root, at: position) }
        for (replica, mark) in commit.applied.sorted(by: { $0.key < $1.key }) { try setApplied(replica, mark) }
        for (replica, beginning) in commit.beginnings { try begin(replica, beginning) }
        for (replica, others) in commit.kin { try setKin(of: replica, others) }
        for refusal in commit.refusals { try store(refusal) }
        try setHead(commit.head)
        written += 1
    }

    private func append(_ entries: [LogEntry]) throws {
        var inForce: Governance?
        for entry in entries {
            if case .governance(let changes) = entry.content {
                var governance = try inForce ?? governance(at: head().position)
                for change in changes { try apply(change, to: &governance, at: entry.position) }
                try recordChange(at: entry.position)
                inForce = governance
            }
            try append(entry)
        }
    }
}
