import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The production ingest and pull over a memory store.
final class SimulatedServer {
    static let organisation = "seeded"
    let store: MemoryServerStore
    private let sealer = CursorSealer(key: Array("the seal of the seeded world, 32b".utf8))
    private let cipher = RootCipher(key: Array("the roots of the seeded world".utf8))
    private let coding = PlainCoding()

    init(_ replicas: [SimulatedReplica]) {
        store = MemoryServerStore(governance: SmallOrganisation.governance, epoch: Epoch(7))
        for replica in replicas { store.enrol(replica.id, user: replica.user) }
    }

    func enrol(_ id: ReplicaID, user: String, after previous: Predecessor) throws {
        store.enrol(id, user: user)
        try store.write { try Succession.begin(id, after: previous, in: $0) }
    }

    /// Takes what arrived of a push: its opening and so many of its transactions.
    /// - Parameter id: under which identity it was sent; nil for the present one.
    func push(
        _ plan: PushPlan, arrived: Int, from replica: SimulatedReplica, as id: ReplicaID? = nil, _ now: UInt64
    ) throws -> [PushReply] {
        var session = PushSession(replica: id ?? replica.id, user: replica.user, receivedMilliseconds: now, sealer: sealer)
        if let failure = try store.read({ try session.open(plan.open, reader: $0) }) { return [.failed(failure)] }
        let items = plan.transactions.prefix(arrived).map { session.receive($0, coding: coding) }
        guard !items.isEmpty else { return [] }
        let report = try store.write { try Ingest.commit(items, in: $0) }
        var verdicts: [TransactionVerdict] = []
        for outcome in report.outcomes {
            switch outcome {
            case .verdict(let verdict): verdicts.append(verdict)
            case .repeated(let verdict): if let verdict { verdicts.append(verdict) }
            case .failed(let failure): return [.failed(failure)]
            }
        }
        guard let last = items.last else { return [] }
        return [
            .acknowledged(
                PushAcknowledgement(appliedThrough: last.sealed.counter, runningHash: last.runningHash, verdicts: verdicts))
        ]
    }

    func session(_ open: PullOpen, by replica: SimulatedReplica) -> PullSession {
        PullSession(open: open, replica: replica.id, user: replica.user, sealer: sealer, cipher: cipher)
    }

    /// One pass of a pull: its first, or a later one of a live pull, which may say nothing.
    func pass(_ session: inout PullSession) throws -> [PullFrame] {
        try store.read { reader in
            if let failure = try session.begin(reader) { return [.failed(failure)] }
            var frames: [PullFrame] = []
            while true {
                let more = try session.next(reader)
                if more.isEmpty { return frames }
                frames += more
            }
        }
    }

    func govern(_ changes: [GovernanceChange], _ now: UInt64) throws {
        _ = try store.write {
            try GovernanceIngest.commit(changes, by: "admin", receivedMilliseconds: now, in: $0)
        }
    }

    var governance: Governance {
        get throws { try store.read { try $0.governance(at: $0.head().position) } }
    }

    var rows: [RowKey: StoredRow] {
        var all: [RowKey: StoredRow] = [:]
        for table in SmallOrganisation.schema.tables.indices {
            for row in store.rows(table: table) { all[row.key] = row }
        }
        return all
    }
}
