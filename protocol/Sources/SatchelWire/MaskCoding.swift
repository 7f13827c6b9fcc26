import SatchelProtocol

extension Satchel_V1_Mask {
    init(_ mask: MaskDefinition) throws(SatchelError) {
        self.init()
        number = mask.number
        roles = mask.roles
        tables.reserveCapacity(mask.tables.count)
        for rights in mask.tables { tables.append(try Satchel_V1_TableRights(rights)) }
        try check()
    }

    func decoded() throws(SatchelError) -> MaskDefinition {
        try check()
        var rights: [MaskDefinition.TableRights] = []
        rights.reserveCapacity(tables.count)
        for table in tables { rights.append(try table.decoded()) }
        return MaskDefinition(number: number, roles: roles, tables: rights)
    }

    private func check() throws(SatchelError) {
        guard roles.count <= Limits.policyRoles else {
            throw .tooLarge("A mask has more than \(Limits.policyRoles) roles.")
        }
        guard tables.count <= Limits.schemaTables else {
            throw .tooLarge("A mask has more than \(Limits.schemaTables) tables.")
        }
    }
}

extension Satchel_V1_TableRights {
    init(_ rights: MaskDefinition.TableRights) throws(SatchelError) {
        try Checks.name(rights.table)
        self.init()
        table = rights.table
        delete = rights.delete
        create = rights.create
        var places: [String: UInt32] = [:]
        func indexes(_ names: [String]) -> [UInt32] {
            names.map { name in
                if let place = places[name] { return place }
                let place = UInt32(fields.count)
                fields.append(name)
                places[name] = place
                return place
            }
        }
        read = indexes(rights.read)
        write = indexes(rights.write)
        settable = indexes(rights.settable)
        try check()
    }

    func decoded() throws(SatchelError) -> MaskDefinition.TableRights {
        try Checks.name(table)
        try check()
        func names(_ indexes: [UInt32]) -> [String] { indexes.map { fields[Int($0)] } }
        return MaskDefinition.TableRights(
            table: table, read: names(read), write: names(write), delete: delete, create: create,
            settable: names(settable))
    }

    private func check() throws(SatchelError) {
        try Checks.fields(fields)
        for indexes in [read, write, settable] {
            guard Set(indexes).count == indexes.count, indexes.allSatisfy({ $0 < UInt32(fields.count) })
            else {
                throw .malformed("A mask names a field twice, or one that it does not have.")
            }
        }
    }
}

extension Satchel_V1_Places {
    init(_ places: Places) throws(SatchelError) {
        self.init()
        user = places.user
        global = places.global
        anywhere = places.anywhere
        own = places.own
        territoryIds = places.territories.map(\.id)
        territoryNames = places.territories.map(\.name)
        territoryMasks = places.territories.map(\.mask)
        try check()
    }

    func decoded() throws(SatchelError) -> Places {
        try check()
        return Places(
            user: user, global: global, anywhere: anywhere, own: own,
            territories: territoryIds.indices.map {
                Places.Territory(id: territoryIds[$0], name: territoryNames[$0], mask: territoryMasks[$0])
            })
    }

    private func check() throws(SatchelError) {
        try Checks.scopeName(user)
        try Checks.equal(territoryNames.count, territoryIds.count, "names of territories")
        try Checks.equal(territoryMasks.count, territoryIds.count, "masks of territories")
        for id in territoryIds { try Checks.scopeName(id) }
    }
}
