import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// One replica of the world: the production engine over a memory store, with a clock of its own.
final class SimulatedReplica {
    /// The present identity last.
    private(set) var ids: [ReplicaID]
    var id: ReplicaID { ids[ids.count - 1] }
    let user: String
    let store = MemoryReplicaStore()
    let engine = ReplicaEngine(coding: PlainCoding())
    /// Added to true time by this device's wall clock, milliseconds.
    var skew: Int64
    /// Every transaction that was ever committed here, by counter.
    private(set) var committed: [UInt64: PendingTransaction] = [:]
    /// Own pending cells that went out of sight meanwhile: should they come back, the server's value shows until they are judged.
    var excused: Set<WrittenCell> = []

    struct WrittenCell: Hashable {
        let counter: UInt64
        let row: RowKey
        let field: Int
    }

    init(id: ReplicaID, user: String, skew: Int64) {
        ids = [id]
        self.user = user
        self.skew = skew
        var state = ReplicaState()
        state.replica = id
        state.user = user
        store.setState(state)
    }

    func clock(_ now: UInt64) -> ClockReading {
        ClockReading(
            wallMilliseconds: UInt64(max(0, Int64(now) + skew)), boot: Array("boot-\(ids[0])".utf8), uptimeMilliseconds: now)
    }

    func commit(_ now: UInt64) throws {
        try engine.closeOpenChanges(store, clock: clock(now))
        remember()
    }

    func push(_ now: UInt64) throws -> PushPlan? {
        let plan = try engine.nextPush(store, clock: clock(now))
        remember()
        return plan
    }

    func receive(_ reply: PushReply) throws { _ = try engine.receive(reply, store) }

    /// Applies a run, whole or not at all.
    func apply(_ frames: [PullFrame], _ now: UInt64) throws {
        let before = store.contents
        do {
            _ = try engine.apply(frames, store, clock: clock(now))
        } catch {
            store.contents = before
            throw error
        }
        remember()
    }

    /// Takes a new identity; the file and its queue stay.
    func enrol(_ id: ReplicaID, at server: SimulatedServer) throws {
        guard let previous = try engine.predecessor(store) else { return }
        try server.enrol(id, user: user, after: previous)
        let reply = EnrolReply(replica: id, user: user, organisation: SimulatedServer.organisation)
        try engine.adopt(reply, after: previous, server: "", store)
        ids.append(id)
    }

    private func remember() {
        for pending in store.contents.pendingTransactions where committed[pending.sealed.counter] == nil {
            committed[pending.sealed.counter] = pending
        }
    }

    /// Rows with the fields that their placement lets be read.
    var readableRows: [RowKey: [Int: Value]] {
        var out: [RowKey: [Int: Value]] = [:]
        for (key, row) in store.contents.rows {
            var values: [Int: Value] = [:]
            for field in store.readable(key)?.members ?? Array(row.indices) { values[field] = row[field] }
            out[key] = values
        }
        return out
    }
}
