import SatchelCore
import SatchelEngine
import SatchelPolicy

/// What the users of the world do, and the administrator.
extension World {
    private typealias Tables = SmallOrganisation.Tables

    /// One local transaction of one to three changes, some of which the user may not make.
    mutating func work(_ index: Int) throws {
        let replica = replicas[index]
        guard replica.store.state().cursor != nil else { return }
        for _ in 0...random.below(3) { change(replica) }
        if random.chance(80) { try replica.commit(now) }
    }

    private mutating func change(_ replica: SimulatedReplica) {
        let rows = replica.store.contents.rows.keys.sorted()
        switch random.below(100) {
        case 0..<20: insertAccount(replica)
        case 20..<35: insertChild(replica, table: Tables.visit, parents: rows.filter { $0.table == Tables.account })
        case 35..<45: insertChild(replica, table: Tables.line, parents: rows.filter { $0.table == Tables.visit })
        case 45..<50:
            replica.store.write(newKey(Tables.product), values: [0: newValue(), 1: newValue()])
        case 50..<60: if let key = random.pick(rows) { replica.store.delete(key) }
        case 60..<70: move(replica, rows)
        default: edit(replica, rows)
        }
    }

    private mutating func newKey(_ table: Int) -> RowKey {
        RowKey(table: table, id: RowID.uuidV7(milliseconds: now, random: &random))
    }

    private mutating func newValue() -> Value {
        values += 1
        return .text("value-\(values)")
    }

    private mutating func insertAccount(_ replica: SimulatedReplica) {
        var fields: [Int: Value] = [2: newValue(), 3: .integer(Int64(random.below(9)))]
        if random.chance(85) { fields[0] = .text(random.pick(SmallOrganisation.territories) ?? "west") }
        if random.chance(30) { fields[1] = .text(random.pick(SmallOrganisation.users) ?? "anna") }
        if random.chance(20) { fields[4] = newValue() }
        replica.store.write(newKey(Tables.account), values: fields)
    }

    private mutating func insertChild(_ replica: SimulatedReplica, table: Int, parents: [RowKey]) {
        guard let parent = random.pick(parents) else { return }
        replica.store.write(newKey(table), values: [0: .text(parent.id.text), 1: newValue()])
    }

    private mutating func edit(_ replica: SimulatedReplica, _ rows: [RowKey]) {
        guard let key = random.pick(rows) else { return }
        let table = SmallOrganisation.schema.tables[key.table]
        let field = random.below(table.fields.count)
        guard !table.placing.contains(field) else { return }
        switch table.fields[field].type {
        case .integer: replica.store.write(key, values: [field: .integer(Int64(random.below(1000)))])
        case .text: replica.store.write(key, values: [field: random.chance(10) ? .null : newValue()])
        default: break
        }
    }

    /// Re-places a row: an account to a territory or owner, a visit or line to another parent.
    private mutating func move(_ replica: SimulatedReplica, _ rows: [RowKey]) {
        guard let key = random.pick(rows) else { return }
        switch key.table {
        case Tables.account where random.chance(70):
            replica.store.write(key, values: [0: .text(random.pick(SmallOrganisation.territories) ?? "west")])
        case Tables.account:
            replica.store.write(
                key, values: [1: random.chance(30) ? .null : .text(random.pick(SmallOrganisation.users) ?? "ben")])
        case Tables.visit, Tables.line:
            guard let parent = random.pick(rows.filter { $0.table == key.table - 1 }) else { return }
            replica.store.write(key, values: [0: .text(parent.id.text)])
        default: break
        }
    }

    mutating func govern() throws {
        let user = random.pick(SmallOrganisation.users) ?? "anna"
        let role = random.pick(["rep", "peer", "manager"]) ?? "rep"
        let grant = Organisation.Grant(
            user: user, role: role, scope: .territory(random.pick(SmallOrganisation.territories) ?? "west"))
        switch random.below(10) {
        case 0..<5: try server.govern([.grant(grant)], now)
        case 5..<8: try server.govern([.revoke(grant)], now)
        default:
            let parent = random.chance(50) ? "west" : "east"
            try server.govern([.territory(Organisation.Territory(id: "west-coast", name: "Coast", parent: parent))], now)
        }
    }
}
