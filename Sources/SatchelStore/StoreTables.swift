import SatchelPolicy

/// The file's own marks and the tables that every replica has, whatever its schema.
package enum StoreFormat {
    /// `PRAGMA application_id`: "Stch".
    package static let applicationID: Int64 = 0x5374_6368
    /// `PRAGMA user_version`: the version of the layout below. A file with a higher one is `file-too-new`.
    package static let version: Int64 = 1

    /// Tables numbered `tbl` and fields numbered `field` or `place` are indexes into the schema, which never change. In
    /// `_satchel_superseded` an empty field stands for the whole row.
    static let tables = """
        CREATE TABLE "_satchel_control" (
            "one" INTEGER PRIMARY KEY CHECK ("one" = 1),
            "applying" INTEGER NOT NULL DEFAULT 0,
            "bootstrapping" INTEGER NOT NULL DEFAULT 1,
            "user" TEXT, "global_mask" INTEGER, "anywhere_mask" INTEGER, "own_mask" INTEGER,
            "removals" INTEGER NOT NULL DEFAULT 0, "rebuilt" INTEGER NOT NULL DEFAULT 0, "blanked" INTEGER NOT NULL DEFAULT 0,
            "next_refusal" INTEGER NOT NULL DEFAULT 1, "unlogged" INTEGER NOT NULL DEFAULT 0);
        INSERT INTO "_satchel_control" ("one") VALUES (1);
        CREATE TABLE "_satchel_state" (
            "one" INTEGER PRIMARY KEY CHECK ("one" = 1),
            "replica" INTEGER, "user" TEXT, "organisation" TEXT, "server" TEXT,
            "epoch" INTEGER, "position" INTEGER, "seal" BLOB,
            "last_counter" INTEGER NOT NULL, "last_hash" BLOB NOT NULL,
            "applied_through" INTEGER NOT NULL, "applied_hash" BLOB NOT NULL,
            "confirmed_through" INTEGER NOT NULL, "last_sync" INTEGER);
        CREATE TABLE "_satchel_schema" ("one" INTEGER PRIMARY KEY CHECK ("one" = 1), "version" INTEGER NOT NULL, "content" BLOB NOT NULL);
        CREATE TABLE "_satchel_field" ("tbl" INTEGER, "place" INTEGER, "name" TEXT NOT NULL, PRIMARY KEY ("tbl", "place")) WITHOUT ROWID;
        CREATE TABLE "_satchel_transaction" ("counter" INTEGER PRIMARY KEY, "payload" BLOB NOT NULL, "hash" BLOB NOT NULL);
        CREATE TABLE "_satchel_shadow" ("tbl" INTEGER, "id" TEXT, "content" BLOB NOT NULL, PRIMARY KEY ("tbl", "id")) WITHOUT ROWID;
        CREATE TABLE "_satchel_root" ("root" INTEGER, "tbl" INTEGER, "id" TEXT, PRIMARY KEY ("root", "tbl", "id")) WITHOUT ROWID;
        CREATE TABLE "_satchel_mask" ("number" INTEGER PRIMARY KEY, "content" BLOB NOT NULL UNIQUE, "roles" BLOB NOT NULL);
        CREATE TABLE "_satchel_right" (
            "key" INTEGER PRIMARY KEY,
            "r0" INTEGER NOT NULL, "r1" INTEGER NOT NULL, "r2" INTEGER NOT NULL, "r3" INTEGER NOT NULL,
            "w0" INTEGER NOT NULL, "w1" INTEGER NOT NULL, "w2" INTEGER NOT NULL, "w3" INTEGER NOT NULL,
            "s0" INTEGER NOT NULL, "s1" INTEGER NOT NULL, "s2" INTEGER NOT NULL, "s3" INTEGER NOT NULL,
            "can_delete" INTEGER NOT NULL, "can_create" INTEGER NOT NULL);
        CREATE TABLE "_satchel_place" ("territory" TEXT PRIMARY KEY, "name" TEXT NOT NULL, "mask" INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE "_satchel_conflict" (
            "tbl" INTEGER, "id" TEXT, "field" INTEGER, "rule" TEXT NOT NULL, "heads" BLOB NOT NULL,
            PRIMARY KEY ("tbl", "id", "field")) WITHOUT ROWID;
        CREATE TABLE "_satchel_refusal" (
            "replica" INTEGER, "counter" INTEGER, "number" INTEGER,
            "tbl" TEXT NOT NULL, "id" TEXT NOT NULL, "operation" INTEGER NOT NULL, "field" TEXT, "cells" BLOB NOT NULL,
            "code" TEXT NOT NULL, "reason" TEXT NOT NULL, "written" INTEGER NOT NULL,
            PRIMARY KEY ("replica", "counter", "number"));
        CREATE TABLE "_satchel_superseded" (
            "replica" INTEGER, "counter" INTEGER, "tbl" TEXT, "id" TEXT, "field" TEXT,
            "operation" INTEGER NOT NULL, "value" BLOB NOT NULL, "code" TEXT NOT NULL, "reason" TEXT NOT NULL,
            "written" INTEGER NOT NULL, PRIMARY KEY ("replica", "counter", "tbl", "id", "field")) WITHOUT ROWID;
        """
}

/// What one schema table is called and what belongs to it.
struct TableNames {
    let index: Int
    let table: SatchelPolicy.Table
    /// The shown rows, quoted.
    let shown: String
    /// Placement of rows that the server has: id → mask, roots.
    let placed: String
    /// Places of rows made here that no checkpoint has brought back: (id, mask, rule), one for each place that a partition
    /// rule gives; `open` until the insert is closed.
    let made: String
    /// The image of a row that INSERT OR REPLACE is about to remove: at most one row.
    let captured: String
    /// The values that replace it, while the old ones are put back: empty between statements.
    let renewed: String
    /// The open log.
    let log: String
    /// View: (id, field) of the cells that are hidden rather than NULL.
    let hidden: String

    init(index: Int, table: SatchelPolicy.Table) {
        self.index = index
        self.table = table
        shown = SQLText.name(table.name)
        placed = SQLText.name("_satchel_row_" + table.name)
        made = SQLText.name("_satchel_new_" + table.name)
        captured = SQLText.name("_satchel_old_" + table.name)
        renewed = SQLText.name("_satchel_anew_" + table.name)
        log = SQLText.name("_satchel_log_" + table.name)
        hidden = SQLText.name("_satchel_hidden_" + table.name)
    }

    /// `g."key"` of the rights that a mask, an SQL expression, gives in this table.
    func rightKey(_ mask: String) -> String { "\(mask) * \(Self.maskStride) + \(index)" }
    static let maskStride = 1024

    var fieldNames: [String] { table.fields.map(\.name) }
    /// `b0`, `b1` …: the columns of the log's before-images.
    var images: [String] { table.fields.indices.map { "b\($0)" } }
}

/// Where a field's bit lies in a row of words.
struct FieldBit {
    let word: Int
    let shift: Int

    init(_ field: Int) {
        word = field >> 6
        shift = field & 63
    }

    /// 0 or 1, of words named by a letter: `w0`, `w1` ….
    func test(_ words: String, in alias: String) -> String { "((\(alias).\"\(words)\(word)\" >> \(shift)) & 1)" }
}
