import SatchelCore
import SatchelEngine
import SatchelPolicy

/// A row by names, as it travels between the command and the server.
public struct ImportRowName: Codable, Sendable, Hashable {
    public let table: String
    public let id: String
}

/// Rows of one table that an import wrote and no partition rule places: nobody sees them.
public struct UnplacedRows: Codable, Sendable, Hashable {
    public let table: String
    public let count: Int
    /// The fields of which one would place them, in the order of the table's rules.
    public let fields: [String]

    /// One sentence for each table, and one with what to do.
    static func message(_ all: [UnplacedRows], isCut: Bool) -> String? {
        guard !all.isEmpty else { return nil }
        let tables = all.map {
            "\(isCut ? "at least " : "")\($0.count) of \($0.table) (\($0.fields.joined(separator: " or ")))"
        }
        return "No partition rule places these rows, so nobody sees them: \(tables.joined(separator: ", ")). "
            + "Set one of the fields named, and import again; a row that hangs under another is placed with that."
    }
}

/// Looks at one moment for rows that nothing places.
struct PlacementLook {
    private let reader: any ServerReader
    private let schema: Schema
    private var isHeld: [RootNumber: Bool] = [:]

    init(_ reader: any ServerReader) throws {
        self.reader = reader
        schema = try reader.governance(at: reader.head().position).schema
    }

    /// - Returns: false for a row that is not there, or no longer.
    mutating func isUnplaced(table: String, id: RowID) throws -> Bool {
        guard let index = schema.tableIndex(table), !schema.tables[index].partition.contains(.global),
            let row = try reader.row(RowKey(table: index, id: id)), row.state.isAlive
        else { return false }
        return try !row.currentRoots.contains { try isInScope($0) }
    }

    /// A root stays with its row when the fields that placed it are emptied: what counts is where it is.
    private mutating func isInScope(_ root: RootNumber) throws -> Bool {
        if root == .global { return true }
        if let known = isHeld[root] { return known }
        let found = try reader.memberships(of: root).contains { $0.ended == nil }
        isHeld[root] = found
        return found
    }

    /// Those of the rows that nothing places, by table.
    mutating func unplaced(among names: [ImportRowName]) throws -> [UnplacedRows] {
        var counts: [String: Int] = [:]
        for name in names {
            if let id = RowID(name.id), try isUnplaced(table: name.table, id: id) { counts[name.table, default: 0] += 1 }
        }
        return counts.sorted { $0.key < $1.key }.map { name, count in
            let table = schema.table(name)
            let fields = table?.partition.compactMap { rule in rule.field.flatMap { table?.fields[$0].name } } ?? []
            return UnplacedRows(table: name, count: count, fields: fields)
        }
    }
}
