import SatchelCore

/// The position that stands for a past in this log, or nil when none does: a prefix of the log and the writer's own
/// earlier operations, and nothing else.
func seenPosition(_ past: Operations, of operation: Operation, in log: [Operation]) -> Position? {
    var seen = 0
    var isPrefix = true
    for (place, other) in log.enumerated() {
        if past & other.bit == 0 {
            isPrefix = false
        } else if other.replica != operation.replica {
            guard isPrefix else { return nil }
            seen = place + 1
        }
    }
    return Position(UInt64(seen))
}

/// Merges one more operation as a server's log does: by positions. The row is nil from where a past cannot be told by them.
func admitByPosition(_ operation: Operation, after log: [Operation], to row: inout RowState?) {
    guard var merged = row, let seen = seenPosition(operation.past, of: operation, in: log) else {
        row = nil
        return
    }
    row = nil
    let past = PositionPast(dot: operation.dot, seen: seen)
    apply(operation, to: &merged, at: log.count + 1) { _ in past }
    row = merged
}

/// Replicas that write offline and sync with a log, as the product does: a past is the checkpoint that was last applied and
/// the replica's own earlier operations; a cell with an own change that is not in a checkpoint yet inherits that change's
/// `seen`, since it hid what came meanwhile.
struct SyncedHistory {
    /// In the order of the log, each with the positions it claims: of the row (nil) and of its cells.
    private(set) var log: [(operation: Operation, seen: [Int?: Position])] = []
    /// By replica.
    private var pending: [[(operation: Operation, seen: [Int?: Position])]]
    private var checkpoints: [Int]
    /// By replica and field: the `seen` of the last own write, and its number.
    private var overlays: [[Int: (seen: Position, number: Int)]]
    private var written: [Int]

    init(replicas: Int, operations: Int, fields: Int, using random: inout SeededRandom) {
        pending = Array(repeating: [], count: replicas)
        checkpoints = Array(repeating: 0, count: replicas)
        overlays = Array(repeating: [:], count: replicas)
        written = Array(repeating: 0, count: replicas)
        while written.reduce(0, +) < operations {
            let replica = Int.random(in: 0..<replicas, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: push(replica, atMost: Int.random(in: 1...3, using: &random))
            case 1: pull(replica)
            default: if written[replica] < Operation.most { write(replica, fields: fields, using: &random) }
            }
        }
        for replica in 0..<replicas { push(replica, atMost: .max) }
    }

    var history: History {
        var operations = [[Operation]](repeating: [], count: written.count)
        for entry in log { operations[entry.operation.replica].append(entry.operation) }
        return History(operations: operations)
    }

    private mutating func push(_ replica: Int, atMost count: Int) {
        log += pending[replica].prefix(count)
        pending[replica].removeFirst(min(count, pending[replica].count))
    }

    private mutating func pull(_ replica: Int) {
        checkpoints[replica] = log.count
        let included = log.last { $0.operation.replica == replica }?.operation.number ?? 0
        overlays[replica] = overlays[replica].filter { $0.value.number > included }
    }

    private mutating func write(_ replica: Int, fields: Int, using random: inout SeededRandom) {
        written[replica] += 1
        let checkpoint = Position(UInt64(checkpoints[replica]))
        let kind: Operation.Kind = [.insert, .insert, .update, .update, .update, .delete][Int.random(in: 0..<6, using: &random)]
        let touched = kind == .delete ? [] : (0..<fields).filter { _ in random.chance(1, in: 2) }
        var operation = Operation(
            replica: replica, number: written[replica], kind: kind, fields: touched, past: operations(checkpoint, replica),
            time: HLC(milliseconds: .random(in: 0..<4, using: &random), logical: .random(in: 0..<3, using: &random)))
        var seen: [Int?: Position] = [nil: checkpoint]
        for field in touched {
            let inherited = overlays[replica][field]?.seen ?? checkpoint
            seen[field] = inherited
            operation.cellPasts[field] = operations(inherited, replica)
            overlays[replica][field] = (inherited, operation.number)
        }
        pending[replica].append((operation, seen))
    }

    private func operations(_ seen: Position, _ replica: Int) -> Operations {
        let own = (1..<written[replica]).reduce(Operations(0)) { $0 | Operation.bit(replica, $1) }
        return log[..<Int(seen.number)].reduce(own) { $0 | $1.operation.bit }
    }
}
