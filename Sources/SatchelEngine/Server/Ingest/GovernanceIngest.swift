import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Changes of the rules as facts in the log: each takes a position of its own, so that the state at a position is a
/// function of the log up to it.
public enum GovernanceIngest {
    /// - Parameter administrator: who did it, for the log; the engine asks no rights, the caller has.
    public static func commit(
        _ changes: [GovernanceChange], by administrator: String, receivedMilliseconds: UInt64, in writer: any ServerWriter
    ) throws -> IngestReport {
        var head = try writer.head()
        head.position = head.position.next
        let received = HLC(milliseconds: receivedMilliseconds, logical: 0)
        let time = received > head.clock ? received : head.clock.successor
        head.clock = time
        var entry = LogEntry(
            position: head.position, replica: nil, user: administrator, receivedMilliseconds: receivedMilliseconds, time: time,
            clock: time, content: .governance(changes), hash: [])
        entry.hash = LogChain.hash(of: entry, after: head.hash)
        head.hash = entry.hash
        var commit = Commit(head: head)
        commit.entries = [entry]
        try writer.write(commit)
        return IngestReport(
            outcomes: [], touched: [], replicas: [], applied: [:], governanceChanged: true, head: head)
    }
}
