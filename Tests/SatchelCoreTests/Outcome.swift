import SatchelCore

/// What must not depend on the order of arrival: everything of a row but its positions.
struct Outcome: Hashable {
    struct Step: Hashable {
        var length: UInt32
        var dot: Dot
    }

    struct Cell: Hashable {
        var shown: Value
        /// The shown one first.
        var heads: [Dot]
    }

    var length: UInt32
    var isAlive: Bool
    var steps: Set<Step>
    var cells: [Int: Cell]
}

/// Whether two rows are the same but for positions: the outcomes are equal.
func isAlike(_ one: RowState, _ other: RowState) -> Bool {
    let (steps, otherSteps) = (one.existence.steps, other.existence.steps)
    return steps.count == otherSteps.count && one.cells.count == other.cells.count
        && steps.allSatisfy { step in otherSteps.contains { $0.length == step.length && $0.stamp.dot == step.stamp.dot } }
        && one.cells.allSatisfy { field, register in
            let heads = other.cells[field]?.heads ?? []
            return register.heads.elementsEqual(heads) { $0.stamp.dot == $1.stamp.dot && $0.value == $1.value }
        }
}

extension Outcome {
    init(_ row: RowState) {
        length = row.existence.length
        isAlive = row.isAlive
        steps = Set(row.existence.steps.map { Step(length: $0.length, dot: $0.stamp.dot) })
        cells = row.cells.mapValues { Cell(shown: $0.shown?.value ?? .null, heads: $0.heads.map(\.stamp.dot)) }
    }

    /// The oracle: the outcome by definition, from the causal order alone. It merges nothing step by step and shares no
    /// code with what it checks.
    init(expected history: History) {
        let operations = history.all
        // The lengths that each operation had seen and asked for; a past is always worked out before what had seen it.
        var seen: [Dot: UInt32] = [:]
        var asked: [Dot: UInt32] = [:]
        for operation in operations.sorted(by: { $0.past.nonzeroBitCount < $1.past.nonzeroBitCount }) {
            let before = operations.map { operation.past & $0.bit == 0 ? 0 : asked[$0.dot] ?? 0 }.max() ?? 0
            seen[operation.dot] = before
            switch operation.kind {
            case .insert: asked[operation.dot] = before % 2 == 1 ? before : before + 1
            case .delete: asked[operation.dot] = before % 2 == 1 ? before + 1 : before
            case .update: asked[operation.dot] = before
            }
        }
        length = asked.values.max() ?? 0
        isAlive = length % 2 == 1
        steps = Set(
            operations.filter { asked[$0.dot] != seen[$0.dot] }.map { Step(length: asked[$0.dot] ?? 0, dot: $0.dot) })

        let incarnation = isAlive || length == 0 ? length : length - 1
        cells = [:]
        for field in Set(operations.flatMap(\.fields)) {
            let writes = operations.filter {
                $0.kind != .delete && $0.fields.contains(field) && incarnation > 0 && asked[$0.dot] == incarnation
            }
            let heads = writes.filter { write in !writes.contains { $0.past(of: field) & write.bit != 0 } }
            let byRank = heads.sorted {
                ($0.time.milliseconds, $0.time.logical, $0.replica) > ($1.time.milliseconds, $1.time.logical, $1.replica)
            }
            if let shown = byRank.first { cells[field] = Cell(shown: shown.value(of: field), heads: byRank.map(\.dot)) }
        }
    }
}
