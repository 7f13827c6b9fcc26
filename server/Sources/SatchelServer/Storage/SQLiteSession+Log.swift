import SatchelCore
import SatchelEngine
import SatchelProtocol

/// The log, and how far each replica is in it.
extension SQLiteSession {
    func applied(_ replica: ReplicaID) throws -> AppliedMark {
        var query = try statement("SELECT counter, running_hash, time, time_logical FROM applied WHERE replica = ?")
        try query.bind(replica)
        guard try query.step() else { return .none }
        return AppliedMark(counter: query.counter(0), runningHash: query.bytes(1), time: query.time(2))
    }

    func setApplied(_ replica: ReplicaID, _ mark: AppliedMark) throws {
        var query = try statement(
            "INSERT OR REPLACE INTO applied (replica, counter, running_hash, time, time_logical) VALUES (?, ?, ?, ?, ?)")
        try query.bind(replica)
        try query.bind(counter: mark.counter)
        try query.bind(mark.runningHash)
        try query.bind(mark.time)
        try query.run()
    }

    func runningHash(_ replica: ReplicaID, at counter: UInt64) throws -> [UInt8]? {
        if counter == 0 { return RunningHash.start }
        for table in ["log", "chain_beginning"] {
            var query = try statement("SELECT running_hash FROM \(table) WHERE replica = ? AND counter = ?")
            try query.bind(replica)
            try query.bind(counter: counter)
            if try query.step() { return query.bytes(0) }
        }
        return nil
    }

    func verdicts(_ replica: ReplicaID, counters: ClosedRange<UInt64>) throws -> [TransactionVerdict] {
        var query = try statement("SELECT verdict FROM log WHERE replica = ? AND counter BETWEEN ? AND ? ORDER BY counter")
        try query.bind(replica)
        try query.bind(counter: counters.lowerBound)
        try query.bind(counter: counters.upperBound)
        var verdicts: [TransactionVerdict] = []
        while try query.step() { verdicts.append(try RecordCoding.decodeVerdict(query.bytes(0))) }
        return verdicts
    }

    func clock(at position: Position) throws -> HLC {
        if position == .zero { return .zero }
        var query = try statement("SELECT clock, clock_logical FROM log WHERE position = ?")
        try query.bind(position)
        guard try query.step() else { throw SatchelError.beyondTheLog(position) }
        return query.time(0)
    }

    func entries(after position: Position, limit: Int) throws -> [LogEntry] {
        var query = try statement(
            """
            SELECT position, replica, user, received, time, time_logical, clock, clock_logical, kind, counter, payload, verdict, \
            running_hash, hash FROM log WHERE position > ? ORDER BY position LIMIT ?
            """)
        try query.bind(position)
        try query.bind(max(limit, 0))
        var entries: [LogEntry] = []
        while try query.step() {
            let content: LogEntry.Content
            switch query.integer(8) {
            case LogKind.transaction:
                let sealed = SealedTransaction(counter: query.counter(9), payload: query.bytes(10))
                content = .transaction(
                    sealed, try RecordCoding.decodeVerdict(query.bytes(11)), runningHash: query.bytes(12))
            case LogKind.governance: content = .governance(try RuleCoding.decodeChanges(query.bytes(10)))
            default: throw SatchelError.damaged("a log entry of an unknown kind")
            }
            entries.append(
                LogEntry(
                    position: query.position(0), replica: query.isNull(1) ? nil : query.replica(1), user: try query.text(2),
                    receivedMilliseconds: UInt64(bitPattern: query.integer(3)), time: query.time(4), clock: query.time(6),
                    content: content, hash: query.bytes(13)))
        }
        return entries
    }

    func append(_ entry: LogEntry) throws {
        var query = try statement(
            """
            INSERT INTO log (position, replica, user, received, time, time_logical, clock, clock_logical, hash, kind, counter, \
            payload, verdict, running_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try query.bind(entry.position)
        try query.bind(entry.replica.map { Int64(bitPattern: $0.number) })
        try query.bind(entry.user)
        try query.bind(Int64(bitPattern: entry.receivedMilliseconds))
        try query.bind(entry.time)
        try query.bind(entry.clock)
        try query.bind(entry.hash)
        switch entry.content {
        case .transaction(let sealed, let verdict, let runningHash):
            try query.bind(LogKind.transaction)
            try query.bind(counter: sealed.counter)
            try query.bind(sealed.payload)
            try query.bind(RecordCoding.encode(verdict))
            try query.bind(runningHash)
        case .governance(let changes):
            try query.bind(LogKind.governance)
            try query.bindNull()
            try query.bind(RuleCoding.encode(changes))
            try query.bindNull()
            try query.bindNull()
        }
        try query.run()
    }
}

/// What an entry of the log is, in its column `kind`.
enum LogKind {
    static let transaction: Int64 = 1
    static let governance: Int64 = 2
}
