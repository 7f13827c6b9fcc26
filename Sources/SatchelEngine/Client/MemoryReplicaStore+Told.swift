import SatchelCore
import SatchelProtocol

/// What the user is told, and what went past the log.
extension MemoryReplicaStore {
    public func setConflict(_ conflict: LocalConflict?, key: RowKey, field: Int) {
        contents.conflicts[key, default: [:]][field] = conflict
        if contents.conflicts[key]?.isEmpty == true { contents.conflicts[key] = nil }
    }

    public func conflict(key: RowKey, field: Int) -> LocalConflict? { contents.conflicts[key]?[field] }
    public func hasConflicts(table: Int) -> Bool { contents.conflicts.keys.contains { $0.table == table } }
    public func removeConflicts(of key: RowKey) { contents.conflicts[key] = nil }
    public func addRefusal(_ refusal: LocalRefusal) { contents.refusals[refusal.id] = refusal }
    public func removeRefusal(_ id: RefusalID) { contents.refusals[id] = nil }

    public func nextLocalRefusal() -> RefusalID {
        contents.localRefusals += 1
        return RefusalID(
            dot: Dot(replica: contents.state.replica ?? ReplicaID(0), counter: 0), number: contents.localRefusals)
    }

    public func mayHoldUnlogged() -> Bool { contents.mayHoldUnlogged }
    public func forgetUnlogged() { contents.mayHoldUnlogged = false }

    public func unplacedRows(table: Int) -> [RowID] {
        contents.rows.keys.filter { $0.table == table && contents.placements[$0] == nil }.map(\.id).sorted()
    }

    public func addOvertaken(_ write: OvertakenWrite) -> Bool {
        let isKnown = contents.overtaken.contains {
            $0.transaction == write.transaction && $0.table == write.table && $0.row == write.row && $0.field == write.field
        }
        if !isKnown { contents.overtaken.append(write) }
        return !isKnown
    }

    public func removeOvertaken(table: String, row: RowID, field: String?) -> Bool {
        let before = contents.overtaken.count
        contents.overtaken.removeAll { $0.table == table && $0.row == row && $0.field == field }
        return contents.overtaken.count < before
    }

    public func overtaken() -> [OvertakenWrite] {
        func key(_ write: OvertakenWrite) -> (UInt64, Dot, String) {
            (write.writtenMilliseconds, write.transaction, write.table)
        }
        return contents.overtaken.sorted { left, right in
            if key(left) != key(right) { return key(left) < key(right) }
            return left.row == right.row ? (left.field ?? "") < (right.field ?? "") : left.row < right.row
        }
    }
}
