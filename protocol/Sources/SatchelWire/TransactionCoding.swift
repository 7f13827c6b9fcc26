import SatchelCore
import SatchelProtocol

/// The payload of a sealed transaction. The changes come back grouped, in the groups' order: their order inside a transaction
/// carries no meaning, and equal sets of changes give equal bytes.
extension Transaction: WireCodable {
    public func wireBytes() throws(SatchelError) -> [UInt8] {
        guard changes.count <= Limits.transactionChanges else {
            throw .tooLarge("A transaction has more than \(Limits.transactionChanges) changes.")
        }
        guard changes.reduce(0, { $0 + $1.cells.count }) <= Limits.transactionCells else {
            throw .tooLarge("A transaction has more than \(Limits.transactionCells) cells.")
        }
        var message = Satchel_V1_Transaction()
        message.counter = counter
        message.epoch = epoch.number
        message.clock = try Satchel_V1_ClockReading(clock)
        message.atomic = isAtomic
        let seen = Self.commonestSeen(changes)
        message.seen = seen.number
        let tables = try ChangedTables(changes)
        message.tables = tables.messages
        let groups = try ChangeGroups.sorted(changes)
        message.groups.reserveCapacity(groups.count)
        for group in groups { message.groups.append(try Satchel_V1_ChangeGroup(group, seen: seen, tables: tables)) }
        if !resolutions.isEmpty { message.resolutions = try Satchel_V1_Resolutions(resolutions) }
        let bytes = try Serialisation.bytes(message, limit: Limits.transactionBytes, "A transaction")
        try Nesting.transaction.check(bytes[...], parts: Limits.frameParts, "A transaction")
        return bytes
    }

    public init(wireBytes: ArraySlice<UInt8>) throws(SatchelError) {
        let message: Satchel_V1_Transaction = try Serialisation.message(
            wireBytes, limit: Limits.transactionBytes, nesting: .transaction, "A transaction")
        guard message.hasClock else { throw .malformed("A transaction has no reading of the clock.") }
        try Self.checkCounts(message)
        for table in message.tables {
            try Checks.name(table.name)
            try Checks.fields(table.fields)
        }
        var changes: [Change] = []
        var rows: [UInt32: Set<RowID>] = [:]
        for group in message.groups {
            for change in try group.decoded(seen: Position(message.seen), tables: message.tables) {
                guard rows[group.table, default: []].insert(change.id).inserted else {
                    throw .malformed("A transaction names a row twice.")
                }
                changes.append(change)
            }
        }
        self.init(
            counter: message.counter, epoch: Epoch(message.epoch), clock: try message.clock.decoded(),
            isAtomic: message.atomic,
            changes: changes, resolutions: try message.resolutions.decoded())
    }

    private static func checkCounts(_ message: Satchel_V1_Transaction) throws(SatchelError) {
        guard message.tables.count <= Limits.schemaTables else {
            throw .tooLarge("A transaction names more than \(Limits.schemaTables) tables.")
        }
        guard Checks.areDistinct(message.tables.map(\.name)) else {
            throw .malformed("A transaction names a table twice.")
        }
        var changes = 0
        var cells = 0
        for group in message.groups {
            let rows = RowIDCoding.count(group.ids)
            guard rows > 0 else { throw .malformed("A group of changes is empty.") }
            changes += rows
            guard changes <= Limits.transactionChanges else {
                throw .tooLarge("A transaction has more than \(Limits.transactionChanges) changes.")
            }
            cells += rows * group.columns.count
            guard cells <= Limits.transactionCells else {
                throw .tooLarge("A transaction has more than \(Limits.transactionCells) cells.")
            }
        }
    }

    /// What most changes had seen; the later one when two are as common.
    private static func commonestSeen(_ changes: [Change]) -> Position {
        var uses: [Position: Int] = [:]
        for change in changes { uses[change.seen, default: 0] += 1 }
        return uses.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? .zero
    }
}

extension Satchel_V1_Resolutions {
    init(_ resolutions: [Resolution]) throws(SatchelError) {
        self.init()
        for resolution in resolutions {
            replicas.append(resolution.refusal.dot.replica.number)
            counters.append(resolution.refusal.dot.counter)
            numbers.append(try Checks.unsigned(resolution.refusal.number, "The number of a refusal"))
            actions.append(resolution.action == .discarded ? .discarded : .retried)
        }
        try check()
    }

    func decoded() throws(SatchelError) -> [Resolution] {
        try check()
        var out: [Resolution] = []
        out.reserveCapacity(replicas.count)
        for place in replicas.indices {
            let action: Resolution.Action
            switch actions[place] {
            case .discarded: action = .discarded
            case .retried: action = .retried
            case .unspecified, .UNRECOGNIZED: throw .malformed("A refusal is resolved in an unknown way.")
            }
            let dot = Dot(replica: ReplicaID(replicas[place]), counter: counters[place])
            out.append(
                Resolution(refusal: RefusalID(dot: dot, number: Int(numbers[place])), action: action))
        }
        return out
    }

    private func check() throws(SatchelError) {
        guard replicas.count <= Limits.transactionChanges else {
            throw .tooLarge("A transaction resolves more than \(Limits.transactionChanges) refusals.")
        }
        try Checks.equal(counters.count, replicas.count, "counters of refusals")
        try Checks.equal(numbers.count, replicas.count, "numbers of refusals")
        try Checks.equal(actions.count, replicas.count, "actions on refusals")
        guard !numbers.contains(0) else { throw .malformed("Refusals are numbered from 1.") }
    }
}
