import SatchelCore
import SatchelProtocol

extension Satchel_V1_RowBatch {
    init(_ batch: RowBatch) throws(SatchelError) {
        let count = batch.ids.count
        guard count <= Limits.batchRows else {
            throw .tooLarge("A row batch holds more than \(Limits.batchRows) rows.")
        }
        try Checks.name(batch.table)
        try Checks.fields(batch.fields)
        try Checks.equal(batch.columns.count, batch.fields.count, "columns in a row batch")
        try Checks.equal(batch.positions.count, count, "positions in a row batch")
        if !batch.roots.isEmpty {
            try Checks.equal(batch.roots.count, count, "lists of roots in a row batch")
        }

        self.init()
        table = batch.table
        mask = batch.mask
        complete = batch.isComplete
        fields = batch.fields
        ids = RowIDCoding.encode(batch.ids)
        positions = Difference.encode(batch.positions.lazy.map(\.number))
        columns.reserveCapacity(batch.columns.count)
        for column in batch.columns {
            try Checks.equal(column.count, count, "values in a column")
            columns.append(try ColumnCoding.encode(column))
        }
        encode(roots: batch.roots)
    }

    func decoded() throws(SatchelError) -> RowBatch {
        try Checks.name(table)
        try Checks.fields(fields)
        guard RowIDCoding.count(ids) <= Limits.batchRows else {
            throw .tooLarge("A row batch holds more than \(Limits.batchRows) rows.")
        }
        let ids = try RowIDCoding.decode(ids)
        try Checks.equal(positions.count, ids.count, "positions in a row batch")
        try Checks.equal(columns.count, fields.count, "columns in a row batch")
        var columns: [[Value]] = []
        columns.reserveCapacity(self.columns.count)
        for column in self.columns { columns.append(try ColumnCoding.decode(column, count: ids.count)) }
        return RowBatch(
            table: table, mask: mask, isComplete: complete, fields: fields, ids: ids,
            roots: try decodedRoots(rows: ids.count),
            positions: Difference.decode(positions).map { Position($0) }, columns: columns)
    }

    /// Rows below one root come together, and root numbers are as good as random: each travels once, and rows name it by
    /// its place.
    private mutating func encode(roots lists: [[UInt64]]) {
        var places: [UInt64: UInt32] = [:]
        for root in lists.joined() {
            if let place = places[root] {
                rootIndexes.append(place)
            } else {
                rootIndexes.append(UInt32(roots.count))
                places[root] = UInt32(roots.count)
                roots.append(root)
            }
        }
        if rootIndexes.count == roots.count { rootIndexes = [] }
        if lists.contains(where: { $0.count != 1 }) { rootCounts = lists.map { UInt32($0.count) } }
    }

    private func decodedRoots(rows: Int) throws(SatchelError) -> [[UInt64]] {
        if roots.isEmpty, rootCounts.isEmpty {
            try Checks.equal(rootIndexes.count, 0, "uses of roots in a row batch without any")
            return []
        }
        let total = rootIndexes.isEmpty ? roots.count : rootIndexes.count
        for index in rootIndexes where index >= UInt32(roots.count) {
            throw .malformed("A row names a root that its batch does not have.")
        }
        try Checks.equal(
            rootCounts.isEmpty ? total : rootCounts.count, rows, "counts of roots in a row batch")
        var lists: [[UInt64]] = []
        lists.reserveCapacity(rows)
        var used = 0
        for row in 0..<rows {
            let count = rootCounts.isEmpty ? 1 : Int(rootCounts[row])
            guard count <= total - used else {
                throw .malformed("The rows of a batch count more roots than it has.")
            }
            lists.append(
                (used..<used + count).map { rootIndexes.isEmpty ? roots[$0] : roots[Int(rootIndexes[$0])] })
            used += count
        }
        try Checks.equal(used, total, "roots counted by the rows of a batch")
        return lists
    }
}

extension Satchel_V1_RowsLeft {
    init(_ left: RowsLeft) throws(SatchelError) {
        try Checks.name(left.table)
        self.init()
        table = left.table
        ids = RowIDCoding.encode(left.ids)
    }

    func decoded() throws(SatchelError) -> RowsLeft {
        try Checks.name(table)
        return RowsLeft(table: table, ids: try RowIDCoding.decode(ids))
    }
}

extension Satchel_V1_RootsLeft {
    init(_ left: RootsLeft) {
        self.init()
        roots = left.roots
    }

    var decoded: RootsLeft { RootsLeft(roots: roots) }
}
