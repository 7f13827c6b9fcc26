import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Which rights hold for a row, as SQL over the placement tables.
///
/// A row that the server has sent has one mask, the union over its scopes. A row made here has one provisional mask for
/// each place that its own fields or its parents give (SQL cannot make a mask for their union): its rights are the "or"
/// over them. What that misses, the server decides.
struct PlacementSQL {
    let names: TableNames
    let tables: [TableNames]
    /// What the row is called there: `new`, or an alias.
    var row = "new"

    /// A SELECT of (mask, rule) for each way in which the row may be in a place. Each gives a mask once: that spares
    /// SQLite the temporary tables that a UNION costs on every insert. The rules are numbered as they come.
    var places: [String] {
        names.table.partition.flatMap(sources).enumerated().map { number, source in
            "SELECT \(source.isDistinct ? "DISTINCT " : "")\(source.mask) AS \"mask\", \(number) AS \"rule\" FROM \(source.from)"
        }
    }

    private struct Source {
        var mask: String
        var from: String
        var isDistinct = false
    }

    private func sources(_ rule: PartitionRule) -> [Source] {
        func held(_ column: String, _ condition: String = "1") -> Source {
            Source(mask: "\"\(column)\"", from: "\"_satchel_control\" WHERE \"\(column)\" IS NOT NULL AND \(condition)")
        }
        switch rule {
        case .global: return [held(names.table.isOnlyGlobal ? "anywhere_mask" : "global_mask")]
        case .territory(let field):
            return [Source(mask: "\"mask\"", from: "\"_satchel_place\" WHERE \"territory\" = \(new(field))")]
        case .owner(let field): return [held("own_mask", "\"user\" = \(new(field))")]
        case .through(let field):
            guard case .reference(let target) = names.table.fields[field].type,
                let parent = tables.first(where: { $0.table.name == target })
            else { return [] }
            return [
                Source(mask: "\"mask\"", from: "\(parent.placed) WHERE \"id\" = \(new(field))"),
                // Sorted by (id, mask) as it is, this needs no sorting to be distinct.
                Source(mask: "\"mask\"", from: "\(parent.made) WHERE \"id\" = \(new(field))", isDistinct: true),
            ]
        }
    }

    /// All of them as one table expression, for the rare statements where speed does not matter; nil when nothing can place
    /// a row of this table.
    var allPlaces: String? { places.isEmpty ? nil : places.joined(separator: " UNION ") }

    /// Whether no field of the row places it at all; nil when the table itself does.
    var nowhere: String? {
        if names.table.partition.contains(.global) { return nil }
        let fields = names.table.placing.members
        return fields.isEmpty ? "1" : fields.map { "\(new($0)) IS NULL" }.joined(separator: " AND ")
    }

    /// SELECT over the rights of the row that the server has sent, `g` being one line of them.
    func placed(where condition: String) -> String {
        "SELECT 1 FROM \(names.placed) AS p CROSS JOIN \"_satchel_right\" AS g ON g.\"key\" = \(names.rightKey("p.\"mask\""))"
            + " WHERE p.\"id\" = \(row).\"id\" AND \(condition)"
    }

    /// SELECT over the rights of the row made here, `m` being one of its places and `g` the rights there.
    func made(where condition: String) -> String {
        "SELECT 1 FROM \(names.made) AS m CROSS JOIN \"_satchel_right\" AS g ON g.\"key\" = \(names.rightKey("m.\"mask\""))"
            + " WHERE m.\"id\" = \(row).\"id\" AND \(condition)"
    }

    /// Whether a field of the row may be written. In a new row that is still open, what may be set at creation may
    /// be: both become one insert. Once closed it is a row like any other.
    func isWritable(_ field: Int) -> String {
        let bit = FieldBit(field)
        let open = "(\(bit.test("w", in: "g")) OR m.\"open\" AND \(bit.test("s", in: "g")))"
        return "(EXISTS (\(placed(where: bit.test("w", in: "g")))) OR EXISTS (\(made(where: open))))"
    }

    /// Whether the row `new` would be at a place where this placing field may be written.
    func mayArrive(_ field: Int) -> String {
        guard let allPlaces else { return "0" }
        let bit = FieldBit(field)
        let isOpen = "EXISTS (SELECT 1 FROM \(names.made) WHERE \"id\" = \(row).\"id\" AND \"open\")"
        return
            "EXISTS (SELECT 1 FROM (\(allPlaces)) AS d CROSS JOIN \"_satchel_right\" AS g ON g.\"key\" = \(names.rightKey("d.\"mask\""))"
            + " WHERE \(bit.test("w", in: "g")) OR g.\"can_create\" AND \(bit.test("s", in: "g")) AND \(isOpen))"
    }

    private func new(_ field: Int) -> String { "\(row)." + SQLText.name(names.table.fields[field].name) }
}
