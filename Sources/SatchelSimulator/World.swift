import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// A seeded world: replicas that work and sync over a bad network with one server, under rules that change. The same seed
/// gives the same history. Production engine and ingest; no wall clock, no tasks.
public struct World {
    /// A promise that was broken, in words.
    public struct Violation: Error, Sendable, CustomStringConvertible {
        public let seed: UInt64
        public let description: String
    }

    public let seed: UInt64
    var random: SeededGenerator
    let replicas: [SimulatedReplica]
    let server: SimulatedServer
    /// True time, milliseconds since 1970.
    var now: UInt64 = 1_790_000_000_000
    public private(set) var operations = 0
    private var stale: [(plan: PushPlan, replica: Int, id: ReplicaID)] = []
    /// Live pulls that are open, by replica.
    private var live: [Int: PullSession] = [:]
    var values: UInt64 = 0

    public init(seed: UInt64, replicas count: Int = 3) {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        var users = SmallOrganisation.users.shuffled(using: &random)
        // Someone who can move things is always there.
        if let mia = users.firstIndex(of: "mia"), mia >= count { users.swapAt(mia, 0) }
        replicas = (0..<count).map { index in
            SimulatedReplica(
                id: ReplicaID(UInt64.random(in: 1...UInt64(Int64.max), using: &random)), user: users[index % users.count],
                skew: random.chance(20) ? Int64.random(in: -315_360_000_000...315_360_000_000, using: &random) : 0)
        }
        self.random = random
        server = SimulatedServer(replicas)
    }

    /// Runs a number of random steps, then heals the network, syncs until quiet, and checks everything.
    public mutating func run(steps: Int) throws {
        for index in replicas.indices { try pull(index, cut: false) }
        for _ in 0..<steps {
            try step()
            operations += 1
        }
        try heal()
        try Checker(world: self).check()
    }

    func violation(_ text: String) -> Violation { Violation(seed: seed, description: "seed \(seed): \(text)") }

    private mutating func step() throws {
        now += UInt64(random.below(60_000))
        let index = random.below(replicas.count)
        switch random.below(100) {
        case 0..<55: try work(index)
        case 55..<72: try push(index)
        case 72..<92: try pull(index, cut: random.chance(30))
        case 92..<95: try deliverStale()
        case 95: try enrolAnew(index)
        default: try govern()
        }
    }

    // MARK: The network

    /// A push whose request may be cut, repeated or kept back, and whose answer may be lost.
    private mutating func push(_ index: Int) throws {
        guard let plan = try replicas[index].push(now) else { return }
        if random.chance(15) {
            stale.append((plan, index, replicas[index].id))
            if random.chance(50) { return }
        }
        let arrived = random.chance(30) ? random.below(plan.transactions.count + 1) : plan.transactions.count
        let replies = try server.push(plan, arrived: arrived, from: replicas[index], now)
        if random.chance(10) { _ = try server.push(plan, arrived: arrived, from: replicas[index], now) }
        if random.chance(25) { return }
        for reply in replies { try replicas[index].receive(reply) }
    }

    /// The device lost its key, or was revoked and given back: its file goes on under a new identity.
    private mutating func enrolAnew(_ index: Int) throws {
        live[index] = nil
        try replicas[index].enrol(ReplicaID(UInt64.random(in: 1...UInt64(Int64.max), using: &random)), at: server)
    }

    /// A request that the network held back arrives after newer ones.
    private mutating func deliverStale() throws {
        guard !stale.isEmpty else { return }
        let (plan, index, id) = stale.remove(at: random.below(stale.count))
        let replies = try server.push(plan, arrived: plan.transactions.count, from: replicas[index], as: id, now)
        // An answer to an identity that is no more finds nobody.
        if id == replicas[index].id, random.chance(30) { for reply in replies { try replicas[index].receive(reply) } }
    }

    private mutating func pull(_ index: Int, cut: Bool) throws {
        let replica = replicas[index]
        var session: PullSession
        let isLive: Bool
        if let open = live.removeValue(forKey: index) {
            (session, isLive) = (open, true)
        } else {
            isLive = random.chance(40)
            let open = try replica.engine.pullOpen(replica.store, isLive: isLive, isFull: random.chance(5))
            session = server.session(open, by: replica)
        }
        let frames = try server.pass(&session)
        try checkSent(frames, to: replica)
        var receiver = PullReceiver()
        var run: [PullFrame] = []
        let arriving = cut ? random.below(frames.count + 1) : frames.count
        // A connection that was cut is gone; one that was not may stay open.
        if isLive, arriving == frames.count, random.chance(80) { live[index] = session }
        for frame in frames.prefix(arriving) {
            run.append(frame)
            if try receiver.receive(frame) == .complete {
                try replica.apply(run, now)
                try checkOwnWrites(replica)
                run = []
            }
        }
    }

    private mutating func heal() throws {
        live = [:]
        while !stale.isEmpty { try deliverStale() }
        for _ in 0..<3 {
            for replica in replicas {
                while let plan = try replica.push(now) {
                    let before = replica.store.contents.pendingTransactions.count
                    let confirmed = replica.store.state().confirmedThrough
                    for reply in try server.push(plan, arrived: plan.transactions.count, from: replica, now) {
                        if case .failed(let failure) = reply { throw violation("healed push failed: \(failure.message)") }
                        try replica.receive(reply)
                    }
                    guard replica.store.state().confirmedThrough > confirmed else {
                        throw violation("no progress with \(before) transactions queued")
                    }
                }
            }
            for index in replicas.indices { try pull(index, cut: false) }
        }
    }

    /// Read your writes: what is written here and not yet judged shows, unless the row or the cell went out of sight since.
    private func checkOwnWrites(_ replica: SimulatedReplica) throws {
        var written: [RowKey: [Int: (value: Value, counter: UInt64)]] = [:]
        for pending in replica.store.contents.pendingTransactions {
            for change in try PlainCoding().decode(pending.sealed.payload).changes {
                guard let table = SmallOrganisation.schema.tableIndex(change.table) else { continue }
                let key = RowKey(table: table, id: change.id)
                if change.operation == .delete { written[key] = nil }
                for cell in change.cells {
                    guard let field = SmallOrganisation.schema.tables[table].fieldIndex(cell.field) else { continue }
                    written[key, default: [:]][field] = (cell.value, pending.sealed.counter)
                }
            }
        }
        for (key, cells) in written {
            let row = replica.store.row(key)
            let readable = replica.store.readable(key)
            for (field, own) in cells {
                let cell = SimulatedReplica.WrittenCell(counter: own.counter, row: key, field: field)
                if row == nil || readable?.contains(field) == false { replica.excused.insert(cell) }
                guard let row, !replica.excused.contains(cell), row[field] != own.value else { continue }
                throw violation("\(replica.user) wrote \(own.value) into \(key) and reads \(row[field])")
            }
        }
    }

    // MARK: No leak, at every step

    /// Every value in what is sent is one that the user may read at this moment.
    private func checkSent(_ frames: [PullFrame], to replica: SimulatedReplica) throws {
        let schema = SmallOrganisation.schema
        let all = server.rows
        let projection = Projection(of: replica.user, governance: try server.governance, rows: all)
        for frame in frames {
            if case .failed(let failure) = frame { throw violation("pull failed: \(failure.message)") }
            if case .rows(let batch) = frame {
                guard let table = schema.tableIndex(batch.table) else { throw violation("unknown table sent") }
                for (place, id) in batch.ids.enumerated() {
                    for (column, name) in batch.fields.enumerated() {
                        let field = schema.tables[table].fieldIndex(name) ?? -1
                        let key = RowKey(table: table, id: id)
                        guard let allowed = projection.rows[key]?[field], allowed == batch.columns[column][place] else {
                            throw violation("\(replica.user) was sent \(batch.table).\(name) of \(id), which they may not read")
                        }
                    }
                }
            }
            if case .conflicts(let batch) = frame {
                guard let table = schema.tableIndex(batch.table) else { throw violation("unknown table sent") }
                let field = schema.tables[table].fieldIndex(batch.field) ?? -1
                for entry in batch.entries where projection.rows[RowKey(table: table, id: entry.id)]?[field] == nil {
                    throw violation("\(replica.user) was sent a conflict that they may not read")
                }
            }
        }
    }
}
