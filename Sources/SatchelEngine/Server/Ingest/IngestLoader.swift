import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Loads what a group of transactions can touch, before anything is decided: the rows they name, what these refer to, what
/// hangs below a row that moves, and the memberships of all of it.
enum IngestLoader {
    static func load(_ items: [IngestItem], from reader: any ServerReader) throws -> IngestState {
        let head = try reader.head()
        var rows = RowLoader(reader: reader, schema: try reader.governance(at: head.position).schema)
        var applied: [ReplicaID: AppliedMark] = [:]
        var originals: [Dot: OriginalAnswer] = [:]
        var clocks: [Position: HLC] = [:]
        var forks: [Epoch: Position] = [:]
        var refusals: [RefusalID: RefusalRecord] = [:]
        var kin: [ReplicaID: [ReplicaID: UInt64]] = [:]
        var hasFamily: [ReplicaID: Bool] = [:]
        var twins: [Dot: Twin] = [:]

        for item in items {
            if applied[item.replica] == nil { applied[item.replica] = try reader.applied(item.replica) }
            if let mark = applied[item.replica], item.sealed.counter > 0, item.sealed.counter <= mark.counter {
                let counter = item.sealed.counter
                originals[Dot(replica: item.replica, counter: counter)] = OriginalAnswer(
                    verdict: try reader.answers(item.replica, counters: counter...counter).first,
                    runningHash: try reader.chainHash(item.replica, at: counter))
                continue
            }
            if kin[item.replica] == nil {
                kin[item.replica] = try reader.kin(of: item.replica)
                hasFamily[item.replica] = try !reader.family(of: item.replica).isEmpty
            }
            if hasFamily[item.replica] == true {
                let dot = Dot(replica: item.replica, counter: item.sealed.counter)
                twins[dot] = try reader.twin(of: dot, runningHash: item.runningHash)
            }
            guard let transaction = item.decoded else { continue }
            for epoch in [transaction.epoch, item.epoch] where forks[epoch] == nil {
                if let fork = try reader.fork(of: epoch) { forks[epoch] = fork }
            }
            let bound = min(forks[transaction.epoch] ?? .zero, head.position)
            let seen = min(transaction.changes.reduce(Position.zero) { max($0, $1.seen) }, bound)
            if clocks[seen] == nil { clocks[seen] = try reader.clock(at: seen) }
            for resolution in transaction.resolutions where refusals[resolution.refusal] == nil {
                refusals[resolution.refusal] = try reader.refusal(resolution.refusal)
            }
            for change in transaction.changes { try rows.load(change) }
        }
        return IngestState(
            head: head, governance: try reader.governance(at: head.position), rows: rows.rows, memberships: rows.memberships,
            children: rows.children, applied: applied, originals: originals, kin: kin, twins: twins, clocks: clocks,
            forks: forks, refusals: refusals)
    }
}

/// What was answered when a transaction first came, and the running hash after it.
struct OriginalAnswer: Sendable {
    var verdict: TransactionVerdict?
    var runningHash: [UInt8]?
}

private struct RowLoader {
    let reader: any ServerReader
    let schema: Schema
    /// For each table the (table, field) pairs whose rows are placed through it.
    let placedThrough: [Int: [(table: Int, field: Int)]]
    var rows: [RowKey: StoredRow?] = [:]
    var memberships: [RootNumber: [Membership]] = [:]
    var children: [RowKey: Set<RowKey>] = [:]

    init(reader: any ServerReader, schema: Schema) {
        self.reader = reader
        self.schema = schema
        placedThrough = schema.placedThrough
    }

    mutating func load(_ change: Change) throws {
        guard let index = schema.tableIndex(change.table) else { return }
        let table = schema.tables[index]
        let key = RowKey(table: index, id: change.id)
        try load(key)
        var moves = change.operation == .insert
        for cell in change.cells {
            guard let field = table.fieldIndex(cell.field) else { continue }
            if let target = schema.target(of: cell.value, table: index, field: field) { try load(target) }
            if table.partition.contains(.through(field: field)) { moves = true }
        }
        if moves { try loadDescendants(of: key) }
    }

    private mutating func load(_ key: RowKey) throws {
        guard rows[key] == nil else { return }
        guard let row = try reader.row(key) else {
            rows[key] = .some(nil)
            return
        }
        rows[key] = row
        for link in row.links where memberships[link.root] == nil {
            memberships[link.root] = try reader.memberships(of: link.root)
        }
        if let own = row.ownRoot, memberships[own] == nil { memberships[own] = try reader.memberships(of: own) }
        // Every head of a placing reference may come to be the shown one.
        for field in schema.tables[key.table].partition.compactMap(\.through) {
            for head in row.state.cells[field]?.heads ?? [] {
                if let parent = schema.target(of: head.value, table: key.table, field: field) { try load(parent) }
            }
        }
    }

    private mutating func loadDescendants(of start: RowKey) throws {
        var open = [start]
        while let key = open.popLast() {
            guard children[key] == nil else { continue }
            children[key] = []
            for (table, field) in placedThrough[key.table] ?? [] {
                for id in try reader.referencing(table: table, field: field, id: key.id) {
                    let child = RowKey(table: table, id: id)
                    children[key, default: []].insert(child)
                    try load(child)
                    open.append(child)
                }
            }
        }
    }
}

extension Schema {
    /// For each table the (table, field) pairs whose rows are placed through it.
    var placedThrough: [Int: [(table: Int, field: Int)]] {
        var out: [Int: [(table: Int, field: Int)]] = [:]
        for (index, table) in tables.enumerated() {
            for field in table.partition.compactMap(\.through) {
                if case .reference(let name) = table.fields[field].type, let target = tableIndex(name) {
                    out[target, default: []].append((index, field))
                }
            }
        }
        return out
    }

    /// The row that a reference names; nil when the field is no reference, or the value no id.
    func target(of value: Value, table: Int, field: Int) -> RowKey? {
        guard case .reference(let name) = tables[table].fields[field].type, let target = tableIndex(name),
            case .text(let text) = value, let id = RowID(text)
        else { return nil }
        return RowKey(table: target, id: id)
    }
}
