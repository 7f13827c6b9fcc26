import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// The triggers of one table: plain SQL, so that they hold for any SQLite client, and none acts while the store itself
/// applies what the server sent.
///
/// Things that shaped them: SQLite runs several triggers of one event in no promised order; the conflict clause of the
/// outermost statement replaces those inside a trigger, so that nothing here relies on `OR IGNORE`; `INSERT OR REPLACE` fires
/// no delete trigger; programs that write every column must be seen to change only what differs (`IS NOT`).
struct TriggerSQL {
    let names: TableNames
    let placement: PlacementSQL

    init(_ names: TableNames, among tables: [TableNames]) {
        self.names = names
        placement = PlacementSQL(names: names, tables: tables)
    }

    private var table: SatchelPolicy.Table { names.table }
    private static let isLocal = "(SELECT \"applying\" FROM \"_satchel_control\") = 0"
    private var isReplaced: String { "EXISTS (SELECT 1 FROM \(names.captured) WHERE \"id\" = new.\"id\")" }

    var all: [String] {
        [capture, replace, restore, insert, log, delete] + table.fields.indices.map(check)
    }

    private func trigger(_ name: String, _ event: String, when condition: String, _ statements: [String]) -> String {
        "CREATE TRIGGER \(SQLText.name("_satchel_\(name).\(table.name)")) \(event) ON \(names.shown)\nWHEN \(condition)\nBEGIN\n"
            + statements.map { "  \($0);\n" }.joined() + "END"
    }

    private var bootstrapping: RaiseSQL {
        RaiseSQL(
            when: "(SELECT \"bootstrapping\" FROM \"_satchel_control\")", .bootstrapping, at: table.name,
            "The first sync has not finished.")
    }

    // MARK: INSERT OR REPLACE

    /// Keeps the row that INSERT OR REPLACE is about to remove. An insert that is ignored, or turned into an update by
    /// ON CONFLICT, leaves its capture behind; it counts only if the row is not there when it is asked for, and a delete clears it.
    private var capture: String {
        let columns = SQLText.list(["id"] + names.fieldNames)
        return trigger(
            "capture", "BEFORE INSERT",
            when: "\(Self.isLocal) AND EXISTS (SELECT 1 FROM \(names.shown) WHERE \"id\" = new.\"id\")",
            [
                "DELETE FROM \(names.captured)",
                "INSERT INTO \(names.captured) (\(columns)) SELECT \(columns) FROM \(names.shown) WHERE \"id\" = new.\"id\"",
            ])
    }

    /// Notes that a captured row was indeed replaced. The work lies in `restore`, since SQLite sets up all that a trigger could
    /// need each time it is asked, and this one is asked at every insert.
    private var replace: String {
        trigger(
            "replace", "AFTER INSERT", when: "\(Self.isLocal) AND \(isReplaced)",
            ["UPDATE \(names.captured) SET \"replaced\" = 1 WHERE \"id\" = new.\"id\""])
    }

    /// Puts the old row back in silence and writes the new values over it, so that it is judged and logged as the update it is.
    private var restore: String {
        let columns = SQLText.list(names.fieldNames)
        let old = names.fieldNames.map { "\(SQLText.name($0)) = new.\(SQLText.name($0))" }.joined(separator: ", ")
        let all = SQLText.list(["id"] + names.fieldNames)
        let work = [
            "INSERT INTO \(names.renewed) (\(all)) SELECT \(all) FROM \(names.shown) WHERE \"id\" = new.\"id\"",
            "UPDATE \"_satchel_control\" SET \"applying\" = 1",
            "UPDATE \(names.shown) SET \(old) WHERE \"id\" = new.\"id\"",
            "UPDATE \"_satchel_control\" SET \"applying\" = 0",
            "UPDATE \(names.shown) SET (\(columns)) = (SELECT \(columns) FROM \(names.renewed)) WHERE \"id\" = new.\"id\"",
            "DELETE FROM \(names.renewed)",
        ]
        return
            "CREATE TRIGGER \(SQLText.name("_satchel_restore.\(table.name)")) AFTER UPDATE OF \"replaced\" ON \(names.captured)\n"
            + "WHEN new.\"replaced\" = 1\nBEGIN\n" + (table.fields.isEmpty ? ["SELECT 1"] : work).map { "  \($0);\n" }.joined()
            + "END"
    }

    // MARK: Insert

    private var insert: String {
        // A conflict: a row of this id vanished unexplained before, and left its places behind.
        var statements = placement.places.map { place in
            "INSERT INTO \(names.made) (\"id\", \"mask\", \"rule\", \"open\") SELECT new.\"id\", d.\"mask\", d.\"rule\", 1 FROM (\(place)) AS d"
                + " WHERE 1 ON CONFLICT (\"id\", \"mask\", \"rule\") DO UPDATE SET \"open\" = 1"
        }
        let cases = ([identity] + table.fields.indices.map { ValueSQL(names, $0).check } + [creation]).compactMap { $0 }
        statements.append("SELECT \(cases.joined(separator: ", ")) WHERE NOT (\(isPlain))")
        statements.append("INSERT INTO \(names.log) (\"op\", \"id\") VALUES (\(LogOperation.insert.rawValue), new.\"id\")")
        return trigger("insert", "AFTER INSERT", when: "\(Self.isLocal) AND NOT \(isReplaced)", statements)
    }

    /// One look decides for most rows: every value is plainly good, and one place allows all of it. Only otherwise is each
    /// thing asked by itself.
    ///
    /// What costs is not the looking but SQLite's temporary tables, which it sets up anew each time a trigger runs: nothing
    /// here may need one (a UNION, an IN over three literals or more, INSERT INTO a view or from a table into itself).
    private var isPlain: String {
        let words = Dictionary(grouping: table.fields.indices, by: { FieldBit($0).word }).sorted { $0.key < $1.key }
        let allowed = words.map { word, fields in
            let needed = fields.map { "((\(new($0)) IS NOT NULL) << \(FieldBit($0).shift))" }.joined(separator: " | ")
            return "((\(needed)) & ~(g.\"w\(word)\" | g.\"s\(word)\")) = 0"
        }
        let mayCreate = placement.made(where: (["g.\"can_create\""] + allowed).joined(separator: " AND "))
        return
            (["NOT (\(bootstrapping.condition))", isUUID] + table.fields.indices.map { ValueSQL(names, $0).isPlain }
            + ["EXISTS (\(mayCreate))"]).joined(separator: " AND ")
    }

    /// GLOB stops at a NUL, and casts a blob. One character class for each digit would take five times as long.
    private var isUUID: String {
        let id = "new.\"id\""
        return
            "(typeof(\(id)) = 'text' AND length(CAST(\(id) AS BLOB)) = 36 AND \(id) GLOB '????????-????-7???-[89ab]???-????????????'"
            + " AND length(replace(\(id), '-', '')) = 32 AND trim(\(id), '0123456789abcdef-') = '')"
    }

    private var identity: String? {
        let isKnown = "EXISTS (SELECT 1 FROM \(names.placed) WHERE \"id\" = new.\"id\")"
        return RaiseSQL.firstOf([
            bootstrapping,
            RaiseSQL(
                when: "NOT \(isUUID) AND NOT \(isKnown)", .invalidID, at: "\(table.name).id",
                "A new row needs an id of its own: a UUID of version 7 in lower case."),
        ])
    }

    private var creation: String? {
        var refusals: [RaiseSQL] = []
        if let nowhere = placement.nowhere {
            let fields = table.placing.members.map { table.fields[$0].name }.joined(separator: ", ")
            refusals.append(RaiseSQL(when: nowhere, .noScope, at: table.name, "Nothing places this row: set one of \(fields)."))
        }
        refusals.append(
            RaiseSQL(
                when: "NOT EXISTS (\(placement.made(where: "g.\"can_create\"")))", .createNotPermitted, at: table.name,
                "Your role may not create rows of this table there."))
        refusals += table.fields.indices.map { field in
            let bit = FieldBit(field)
            let condition = "(\(bit.test("w", in: "g")) OR \(bit.test("s", in: "g")))"
            return RaiseSQL(
                when: "\(new(field)) IS NOT NULL AND NOT EXISTS (\(placement.made(where: condition)))", .fieldNotSettable,
                at: place(field), "Your role may not set this field when creating a row.")
        }
        return RaiseSQL.firstOf(refusals)
    }

    // MARK: Update

    /// Logs which fields changed, and what they held before.
    private var log: String {
        let differs = table.fields.indices.map { "\(new($0)) IS NOT \(old($0))" }
        let words = Dictionary(grouping: table.fields.indices, by: { FieldBit($0).word }).sorted { $0.key < $1.key }
        let changed = words.map { _, fields in
            fields.map { "((\(differs[$0])) << \(FieldBit($0).shift))" }.joined(separator: " | ")
        }
        let before = table.fields.indices.map { "CASE WHEN \(differs[$0]) THEN \(old($0)) END" }
        let columns = ["op", "id"] + words.map { "c\($0.key)" } + names.images
        let values = ["\(LogOperation.update.rawValue)", "new.\"id\""] + changed + before
        let refusals = [
            bootstrapping,
            RaiseSQL(when: "new.\"id\" IS NOT old.\"id\"", .idImmutable, at: "\(table.name).id", "An id never changes."),
        ]
        return trigger(
            "update", "AFTER UPDATE",
            when: "(\((["new.\"id\" IS NOT old.\"id\""] + differs).joined(separator: " OR "))) AND \(Self.isLocal)",
            [
                "SELECT " + (RaiseSQL.firstOf(refusals) ?? "NULL"),
                "INSERT INTO \(names.log) (\(SQLText.list(columns))) VALUES (\(values.joined(separator: ", ")))",
            ])
    }

    /// Judges one field; a statement that does not name it never runs this.
    private func check(_ field: Int) -> String {
        let forbidden = RaiseSQL(
            when: "NOT \(placement.isWritable(field))", .fieldNotWritable, at: place(field),
            "Your role may not write this field.")
        var statements = [
            "SELECT "
                + ([RaiseSQL.firstOf([forbidden]) ?? "NULL"] + [ValueSQL(names, field).check].compactMap { $0 }).joined(
                    separator: ", ")
        ]
        if table.placing.contains(field) { statements += move(field) }
        return trigger(
            "check.\(field)", "AFTER UPDATE OF \(SQLText.name(table.fields[field].name))",
            when: "\(new(field)) IS NOT \(old(field)) AND \(Self.isLocal)", statements)
    }

    private func move(_ field: Int) -> [String] {
        var refusals: [RaiseSQL] = []
        if let nowhere = placement.nowhere {
            refusals.append(
                RaiseSQL(when: nowhere, .noScope, at: place(field), "Without this field nothing would place the row."))
        }
        refusals.append(
            RaiseSQL(
                when: "NOT \(placement.mayArrive(field))", .moveNotPermitted, at: place(field),
                "Your role may not move a row of this table there."))
        var statements = ["SELECT " + (RaiseSQL.firstOf(refusals) ?? "NULL")]
        if let places = placement.allPlaces {
            // A row made here takes its new places; children find them there.
            let mine = "(SELECT max(\"open\") FROM \(names.made) WHERE \"id\" = new.\"id\")"
            statements.append(
                "INSERT INTO \(names.made) (\"id\", \"mask\", \"rule\", \"open\") SELECT new.\"id\", d.\"mask\", d.\"rule\", \(mine)"
                    + " FROM (\(places)) AS d WHERE \(mine) IS NOT NULL AND NOT EXISTS"
                    + " (SELECT 1 FROM \(names.made) WHERE \"id\" = new.\"id\" AND \"mask\" = d.\"mask\" AND \"rule\" = d.\"rule\")"
            )
            statements.append(
                "DELETE FROM \(names.made) WHERE \"id\" = new.\"id\" AND (\"mask\", \"rule\") NOT IN (\(places))")
        }
        return statements
    }

    // MARK: Delete

    private var delete: String {
        let placement = PlacementSQL(names: names, tables: placement.tables, row: "old")
        let made = placement.made(where: "(m.\"open\" OR g.\"can_delete\")")
        let refusals = [
            bootstrapping,
            RaiseSQL(
                when: "NOT EXISTS (\(placement.placed(where: "g.\"can_delete\""))) AND NOT EXISTS (\(made))",
                .deleteNotPermitted,
                at: table.name, "Your role may not delete rows of this table here."),
        ]
        let columns = ["op", "id"] + names.images
        let values = ["\(LogOperation.delete.rawValue)", "old.\"id\""] + table.fields.indices.map(old)
        return trigger(
            "delete", "AFTER DELETE", when: Self.isLocal,
            [
                "SELECT " + (RaiseSQL.firstOf(refusals) ?? "NULL"),
                "INSERT INTO \(names.log) (\(SQLText.list(columns))) VALUES (\(values.joined(separator: ", ")))",
                "DELETE FROM \(names.made) WHERE \"id\" = old.\"id\"",
                "DELETE FROM \(names.captured) WHERE \"id\" = old.\"id\"",
            ])
    }

    private func new(_ field: Int) -> String { "new." + SQLText.name(table.fields[field].name) }
    private func old(_ field: Int) -> String { "old." + SQLText.name(table.fields[field].name) }
    private func place(_ field: Int) -> String { "\(table.name).\(table.fields[field].name)" }
}
