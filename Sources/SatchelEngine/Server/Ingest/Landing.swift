import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Puts what a judgement let through into the rows, and the rest into escrow.
extension IngestState {
    /// - Returns: the verdict's exceptions.
    mutating func land(_ judgement: Judgement) -> [VerdictException] {
        var exceptions = escrow(judgement)
        let stamp = Stamp(dot: judgement.dot, position: judgement.position, time: judgement.time)
        var moved: Set<RowKey> = []
        for key in judgement.inserts.keys.sorted() {
            guard let draft = judgement.inserts[key] else { continue }
            var row = row(key) ?? StoredRow(key: key, position: judgement.position)
            let past = judgement.past(draft.change.seen)
            let incarnation = row.state.insert(stamp, past: past)
            exceptions += write(draft, to: &row, incarnation: incarnation, stamp, judgement)
            row.position = judgement.position
            rows[key] = row
            moved.insert(key)
            changedRows.insert(key)
            adopt(key, draft)
        }
        for draft in judgement.updates {
            guard var row = row(draft.key) else { continue }
            let past = judgement.past(draft.change.seen)
            let before = draft.table.placing.members.map { row.state.value($0) }
            let incarnation: UInt32
            if draft.change.operation == .insert {
                incarnation = row.state.insert(stamp, past: past)
            } else {
                incarnation = row.state.existence.length(in: past)
            }
            exceptions += write(draft, to: &row, incarnation: incarnation, stamp, judgement)
            row.position = judgement.position
            rows[draft.key] = row
            if before != draft.table.placing.members.map({ row.state.value($0) }) { moved.insert(draft.key) }
            changedRows.insert(draft.key)
            adopt(draft.key, draft)
        }
        for draft in judgement.deletes {
            guard var row = row(draft.key) else { continue }
            if row.state.delete(stamp, past: judgement.past(draft.change.seen)) {
                row.position = judgement.position
                rows[draft.key] = row
                changedRows.insert(draft.key)
            } else {
                exceptions.append(overtaken(draft.change, field: nil))
            }
        }
        for change in judgement.overtaken {
            exceptions += change.cells.map { overtaken(change, field: $0.field) }
            if change.cells.isEmpty { exceptions.append(overtaken(change, field: nil)) }
        }
        place(moved, at: judgement.position)
        let landed = judgement.inserts.keys.map { $0 } + (judgement.updates + judgement.deletes).map(\.key)
        for key in landed where row(key)?.position == judgement.position { markChanged(key, at: judgement.position) }
        return exceptions
    }

    private func write(
        _ draft: Judgement.Draft, to row: inout StoredRow, incarnation: UInt32, _ stamp: Stamp, _ judgement: Judgement
    ) -> [VerdictException] {
        var exceptions: [VerdictException] = []
        for (field, cell) in draft.cells.sorted(by: { $0.key < $1.key }) {
            let admission = row.state.admit(
                Head(value: cell.value, stamp: stamp), field: field, incarnation: incarnation,
                past: judgement.past(cell.seen ?? draft.change.seen), kind: draft.table.fields[field].merge)
            switch admission {
            case .shown, .repeated: break
            case .conflicting:
                exceptions.append(
                    VerdictException(
                        table: draft.table.name, id: draft.key.id, field: cell.field, outcome: .superseded,
                        code: .concurrentWrite,
                        reason: "A concurrent write is shown; this one is kept as the conflict's loser."))
            case .superseded: exceptions.append(overtaken(draft.change, field: cell.field))
            }
        }
        return exceptions
    }

    private func overtaken(_ change: Change, field: String?) -> VerdictException {
        VerdictException(
            table: change.table, id: change.id, field: field, outcome: .superseded, code: .rowDeleted,
            reason: "The row was deleted, or made anew, by someone whose change this one had not seen.")
    }

    /// Children found under a parent that came to be, or that they moved to, within the same group.
    private mutating func adopt(_ key: RowKey, _ draft: Judgement.Draft) {
        if children[key] == nil { children[key] = [] }
        for field in draft.table.partition.compactMap(\.through) where draft.cells[field] != nil {
            guard let value = row(key)?.state.value(field),
                let parent = schema.target(of: value, table: key.table, field: field)
            else { continue }
            children[parent, default: []].insert(key)
        }
    }

    private mutating func escrow(_ judgement: Judgement) -> [VerdictException] {
        var exceptions: [VerdictException] = []
        for (index, refused) in judgement.refused.enumerated() {
            let id = RefusalID(dot: judgement.dot, number: index + 1)
            let change = refused.change
            let record = RefusalRecord(
                id: id, position: judgement.position, user: judgement.item.user, time: judgement.time, table: change.table,
                row: change.id, operation: change.operation, seen: change.seen,
                cells: refused.cell.map { [$0] } ?? change.cells, field: refused.cell?.field, code: refused.code,
                reason: refused.reason)
            commit.refusals.append(record)
            refusals[id] = record
            exceptions.append(
                VerdictException(
                    table: change.table, id: change.id, field: refused.cell?.field, outcome: .refused(id), code: refused.code,
                    reason: refused.reason))
        }
        return exceptions
    }
}

extension Judgement {
    /// The past of a change that had seen up to a position, within the epoch it shares with this log.
    func past(_ seen: Position) -> PositionPast { PositionPast(dot: dot, seen: min(seen, bound), kin: kin) }
}
