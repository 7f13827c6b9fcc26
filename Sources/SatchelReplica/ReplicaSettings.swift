import GRDB

/// The few facts that this room keeps in the file beside the store's own tables.
enum ReplicaSettings: String {
    /// PEM text.
    case certificateAuthority = "certificate-authority"
    /// The code with which the server ended this identity.
    case revoked

    private static let table = "_satchel_setting"

    /// Made when the file is opened, so that reading needs no write.
    static func prepare(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS "\(table)" ("name" TEXT PRIMARY KEY NOT NULL, "value" TEXT NOT NULL)
                """)
    }

    static func exists(_ database: Database) throws -> Bool { try database.tableExists(table) }

    static func get(_ setting: ReplicaSettings, _ database: Database) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT \"value\" FROM \"\(table)\" WHERE \"name\" = ?", arguments: [setting.rawValue])
    }

    /// Nil removes it.
    static func set(_ setting: ReplicaSettings, _ value: String?, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM \"\(table)\" WHERE \"name\" = ?", arguments: [setting.rawValue])
        guard let value else { return }
        try database.execute(
            sql: "INSERT INTO \"\(table)\" (\"name\", \"value\") VALUES (?, ?)", arguments: [setting.rawValue, value])
    }
}
