import SatchelCore

/// A set of operations, one bit each: up to four replicas with up to sixteen operations.
typealias Operations = UInt64

/// One operation of an abstract history on one row. Causal order is given by sets (`past`), never by positions.
struct Operation: Hashable {
    enum Kind: Hashable {
        case insert, update, delete
    }

    static let most = 16

    var replica: Int
    /// 1, 2, 3 … within the replica.
    var number: Int
    var kind: Kind
    /// Field indexes; each is given a value of its own (`value(of:)`).
    var fields: [Int]
    /// What the writer had seen, its own earlier operations included.
    var past: Operations
    /// Where what was seen of a cell is less than what was seen of the row.
    var cellPasts: [Int: Operations] = [:]
    var time: HLC

    var dot: Dot { Dot(replica: ReplicaID(UInt64(replica) + 1), counter: UInt64(number)) }
    var bit: Operations { Self.bit(replica, number) }

    func past(of field: Int?) -> Operations { field.flatMap { cellPasts[$0] } ?? past }
    func value(of field: Int) -> Value { .text("\(replica).\(number).\(field)") }
    func stamp(at position: Int) -> Stamp { Stamp(dot: dot, position: Position(UInt64(position)), time: time) }

    static func bit(_ replica: Int, _ number: Int) -> Operations { 1 << UInt64(replica * most + number - 1) }
    static func bit(_ dot: Dot) -> Operations { bit(Int(dot.replica.number) - 1, Int(dot.counter)) }
}

/// Operations by replica, each replica's own in order, closed downwards.
struct History: Hashable {
    var operations: [[Operation]]

    var all: [Operation] { operations.flatMap { $0 } }

    func operation(_ dot: Dot) -> Operation { operations[Int(dot.replica.number) - 1][Int(dot.counter) - 1] }

    /// The operations that may come next when those of `done` have come, in any linear extension.
    func next(after done: Operations) -> [Operation] {
        var candidates: [Operation] = []
        for own in operations {
            for operation in own where done & operation.bit == 0 {
                if operation.past & ~done == 0 { candidates.append(operation) }
                break
            }
        }
        return candidates
    }

    /// Calls `visit` with what `step` makes of every linear extension; what they have in common is worked out once. Grows
    /// factorially: for small histories only.
    func forEachLinearExtension<State>(
        from start: State, step: (inout State, Operation) -> Void, visit: (State) -> Void
    ) {
        func extend(_ state: State, _ done: Operations) {
            let candidates = next(after: done)
            if candidates.isEmpty { visit(state) }
            for candidate in candidates {
                var longer = state
                step(&longer, candidate)
                extend(longer, done | candidate.bit)
            }
        }
        extend(start, 0)
    }

    func randomLinearExtension(using random: inout SeededRandom) -> [Operation] {
        var order: [Operation] = []
        var done: Operations = 0
        while let chosen = next(after: done).randomElement(using: &random) {
            done |= chosen.bit
            order.append(chosen)
        }
        return order
    }
}

/// Causal order by sets. Knows the whole history, so that it can also tell that a stored change had seen the incoming one.
struct AbstractPast: CausalPast {
    let history: History
    let operation: Operation
    /// Nil for the row.
    let field: Int?

    func contains(_ stored: Stamp) -> Bool { operation.past(of: field) & Operation.bit(stored.dot) != 0 }
    func isSeen(by stored: Stamp) -> Bool { history.operation(stored.dot).past(of: field) & operation.bit != 0 }
}

/// Merges an operation into a row as the server does. `past` gives what it had seen of the row (nil) or of a cell.
/// - Returns: what became of each of its cells.
@discardableResult
func apply<Past: CausalPast>(
    _ operation: Operation, to row: inout RowState, at position: Int, past: (Int?) -> Past
) -> [Int: Admission] {
    let stamp = operation.stamp(at: position)
    let incarnation: UInt32
    switch operation.kind {
    case .delete:
        _ = row.delete(stamp, past: past(nil))
        return [:]
    case .insert: incarnation = row.insert(stamp, past: past(nil))
    case .update: incarnation = row.existence.length(in: past(nil))
    }
    var admissions: [Int: Admission] = [:]
    for field in operation.fields {
        let head = Head(value: operation.value(of: field), stamp: stamp)
        admissions[field] = row.admit(head, field: field, incarnation: incarnation, past: past(field), kind: .lww)
    }
    return admissions
}

/// Merges one more operation under the abstract order. Positions mean nothing to it, so each operation has a fixed one:
/// rows that are the same then compare equal whatever the order of arrival.
@discardableResult
func admit(_ operation: Operation, of history: History, to row: inout RowState) -> [Int: Admission] {
    apply(operation, to: &row, at: operation.replica * Operation.most + operation.number) {
        AbstractPast(history: history, operation: operation, field: $0)
    }
}

/// Merges a whole linear extension.
func merged(_ order: [Operation], of history: History) -> RowState {
    order.reduce(into: RowState()) { _ = admit($1, of: history, to: &$0) }
}
