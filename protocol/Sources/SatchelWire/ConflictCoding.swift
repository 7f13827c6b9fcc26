import SatchelCore
import SatchelProtocol

extension Satchel_V1_ConflictBatch {
    init(_ batch: ConflictBatch) throws(SatchelError) {
        try Checks.name(batch.table)
        try Checks.name(batch.field)
        try Checks.name(batch.rule)
        self.init()
        table = batch.table
        field = batch.field
        rule = batch.rule
        ids = RowIDCoding.encode(batch.entries.map(\.id))
        headCounts = batch.entries.map { UInt32($0.heads.count) }
        let heads = batch.entries.flatMap(\.heads)
        values = try ColumnCoding.encode(heads.map(\.value))
        milliseconds = Difference.encode(heads.map(\.milliseconds))
        var places: [[UInt8]: UInt32] = [:]
        for head in heads {
            try Checks.scopeName(head.user)
            let name = Array(head.user.utf8)
            if let place = places[name] {
                userIndexes.append(place)
            } else {
                userIndexes.append(UInt32(users.count))
                places[name] = UInt32(users.count)
                users.append(head.user)
            }
        }
    }

    func decoded() throws(SatchelError) -> ConflictBatch {
        try Checks.name(table)
        try Checks.name(field)
        try Checks.name(rule)
        for user in users { try Checks.scopeName(user) }
        let ids = try RowIDCoding.decode(ids)
        let count = userIndexes.count
        try Checks.equal(headCounts.count, ids.count, "counts of heads in a batch of conflicts")
        try Checks.equal(milliseconds.count, count, "times in a batch of conflicts")
        let values = try ColumnCoding.decode(values, count: count)
        let times = Difference.decode(milliseconds)
        for index in userIndexes where index >= UInt32(users.count) {
            throw .malformed("A head names a user that its batch does not have.")
        }

        var entries: [ConflictBatch.Entry] = []
        entries.reserveCapacity(ids.count)
        var used = 0
        for (id, heads) in zip(ids, headCounts) {
            guard Int(heads) <= count - used else {
                throw .malformed("The cells of a batch count more heads than it has.")
            }
            entries.append(
                ConflictBatch.Entry(
                    id: id,
                    heads: (used..<used + Int(heads)).map {
                        .init(value: values[$0], user: users[Int(userIndexes[$0])], milliseconds: times[$0])
                    }))
            used += Int(heads)
        }
        try Checks.equal(used, count, "heads counted by the cells of a batch")
        return ConflictBatch(table: table, field: field, rule: rule, entries: entries)
    }
}
