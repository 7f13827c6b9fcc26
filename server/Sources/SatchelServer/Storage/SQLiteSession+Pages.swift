import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The rows under a root in order of their keys.
///
/// The index gives them in order of their changes. Up to `listedRows` their numbers are listed from it and put in order;
/// beyond that the tables are read through in order of id and what is not meant is left out, which costs the size of the
/// tables and no memory. That is for a first pull of a large global table, which wants most of what is read.
extension SQLiteSession {
    /// Numbers in one list: 800 KB, held by a pass until it is through with the root.
    static let listedRowsMaximum = 100_000

    func rows(
        under root: RootNumber, changedAfter position: Position, page: RowPage?, limit: Int
    ) throws -> (rows: [StoredRow], next: RowPage?) {
        let limit = max(limit, 1)
        switch page {
        case .listed(let numbers, let from): return try listed(numbers, from: from, limit: limit)
        case .after(let key): return try scanned(root, position, after: key, limit: limit)
        case nil:
            guard let numbers = try changed(root, position) else {
                return try scanned(root, position, after: nil, limit: limit)
            }
            if numbers.count > limit { return try listed(try inOrderOfKey(numbers), from: 0, limit: limit) }
            return (try numbers.map { try row(RowNumber($0)) }.sorted { $0.key < $1.key }, nil)
        }
    }

    /// - Returns: nil when there are more than one list holds.
    private func changed(_ root: RootNumber, _ position: Position) throws -> [Int64]? {
        var query = try statement("SELECT row FROM root_row WHERE root = ? AND position > ? LIMIT ?")
        try query.bind(root)
        try query.bind(position)
        try query.bind(listedRows + 1)
        var numbers: [Int64] = []
        while try query.step() { numbers.append(query.integer(0)) }
        return numbers.count <= listedRows ? numbers : nil
    }

    private func inOrderOfKey(_ numbers: [Int64]) throws -> [Int64] {
        var keyed: [(key: RowKey, number: Int64)] = []
        keyed.reserveCapacity(numbers.count)
        for number in numbers {
            let table = try table(of: RowNumber(number))
            var query = try statement(table.selectID)
            try query.bind(number)
            guard try query.step(), let id = RowID(try query.text(0)) else {
                throw SatchelError.damaged("an index entry without its row")
            }
            keyed.append((RowKey(table: table.index, id: id), number))
        }
        return keyed.sorted { $0.key < $1.key }.map(\.number)
    }

    private func listed(_ numbers: [Int64], from: Int, limit: Int) throws -> (rows: [StoredRow], next: RowPage?) {
        let page = numbers.dropFirst(from).prefix(limit)
        return (
            try page.map { try row(RowNumber($0)) }, page.endIndex < numbers.count ? .listed(numbers, from: page.endIndex) : nil
        )
    }

    /// Reads as many rows as the limit says, whether they are meant or not, so that every page is soon done.
    private func scanned(
        _ root: RootNumber, _ position: Position, after: RowKey?, limit: Int
    ) throws -> (rows: [StoredRow], next: RowPage?) {
        var found: [StoredRow] = []
        var read = 0
        var id = after?.id.text ?? ""
        for table in layout.tables.dropFirst(after?.table ?? 0) {
            var query = try statement(table.selectAfterID)
            try query.bind(id)
            try query.bind(limit - read)
            id = ""
            while try query.step() {
                read += 1
                let (changed, links) = (query.position(3), try RecordCoding.decodeLinks(query.bytes(5)))
                let isMeant = links.contains { $0.root == root && ($0.ended ?? max(changed, $0.began)) > position }
                if isMeant { found.append(try decode(query, table).row) }
                guard read == limit else { continue }
                guard let last = RowID(try query.text(1)) else { throw SatchelError.damaged("a row without an id") }
                return (found, .after(RowKey(table: table.index, id: last)))
            }
        }
        return (found, nil)
    }

    private func row(_ number: RowNumber) throws -> StoredRow {
        let table = try table(of: number)
        var query = try statement(table.selectByNumber)
        try query.bind(number.number)
        guard try query.step() else { throw SatchelError.damaged("an index entry without its row") }
        return try decode(query, table).row
    }

    private func table(of number: RowNumber) throws -> TableLayout {
        guard layout.tables.indices.contains(number.table) else { throw SatchelError.damaged("a row of no table") }
        return layout.tables[number.table]
    }
}
