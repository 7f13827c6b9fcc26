import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

extension SQLiteServerStore {
    /// Makes the database of a new organisation: an empty log, these rules in force from position zero, a new epoch, new
    /// secrets. The file is readable by its owner only, since the secrets are in it.
    ///
    /// - Parameters:
    ///   - path: the database file, in a folder that exists.
    ///   - organisation: names the organisation for ever.
    ///   - epoch: drawn at random where nil.
    /// - Throws: `already-exists`, `data-folder-invalid`, `file-invalid` (a schema that SQLite cannot hold), `disk-full`. What
    ///   was begun is then removed.
    @discardableResult
    public static func create(
        at path: String, organisation: String, governance: Governance, epoch: Epoch? = nil
    ) throws -> SQLiteServerStore {
        try createFile(path)
        do {
            let layout = StoreLayout(governance.schema)
            let pool = try openPool(path, readers: defaultReaders)
            try pool.write { db in
                try db.execute(sql: "PRAGMA application_id = \(StorageFormat.application)")
                try db.execute(sql: "PRAGMA user_version = \(StorageFormat.version)")
                try StorageFormat.create(db)
                try createTables(layout, db)
                let session = SQLiteSession(db, layout: layout, rules: RuleCache(), isWriter: true)
                try session.begin(governance, epoch: epoch ?? Epoch(.random(in: 1 ... .max)), organisation: organisation)
            }
            return SQLiteServerStore(pool: pool, organisation: organisation, layout: layout)
        } catch {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            throw SatchelError.storage(error, path: path)
        }
    }

    /// More than the passes of pulls that a server runs at once (`ServerLimits`), each of which holds one, with some to spare
    /// for what must not wait for them.
    public static let defaultReaders = 24

    /// - Parameter readers: how many bodies may read at once; further ones wait.
    /// - Throws: `data-folder-invalid` when there is no such file or it is not one of ours, `file-too-new`, `file-damaged`,
    ///   `file-busy`, `disk-full`.
    public static func open(at path: String, readers: Int = defaultReaders) throws -> SQLiteServerStore {
        guard FileManager.default.fileExists(atPath: path) else {
            throw SatchelError(
                .dataFolderInvalid, "There is no server database at \(path).",
                remedy: "Give the folder that `satcheld init` made, or run `satcheld init` first.")
        }
        do {
            try checkFormat(path)
            let pool = try openPool(path, readers: max(readers, 1))
            let (organisation, schema) = try pool.read { db in
                let organisation = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'organisation'")
                let schema = try Data.fetchOne(db, sql: "SELECT schema FROM governance_schema ORDER BY began DESC LIMIT 1")
                return (organisation, schema)
            }
            guard let organisation, let schema else { throw SatchelError.damaged("no organisation") }
            let layout = StoreLayout(try RuleCoding.decodeSchema(Array(schema)))
            return SQLiteServerStore(pool: pool, organisation: organisation, layout: layout)
        } catch { throw SatchelError.storage(error, path: path) }
    }

    /// Before anything is changed: a pool puts what it opens into WAL mode, whosever file it is.
    private static func checkFormat(_ path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busySeconds)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        let (application, version) = try queue.read { db in
            (try Int32.fetchOne(db, sql: "PRAGMA application_id"), try Int32.fetchOne(db, sql: "PRAGMA user_version"))
        }
        guard application == StorageFormat.application, let version, version > 0 else {
            throw SatchelError(
                .dataFolderInvalid, "\(path) is not a Satchel server's database, or was not made to the end.",
                remedy:
                    "Give the folder that `satcheld init` made; after an `init` that was cut off, remove it and run it again.")
        }
        guard version <= StorageFormat.version else {
            throw SatchelError(
                .fileTooNew, "\(path) has the format \(version); this program knows it up to \(StorageFormat.version).",
                remedy: "Run the newer satcheld that wrote it.")
        }
    }

    private static let busySeconds = 5.0

    private static func openPool(_ path: String, readers: Int) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "satchel-server"
        configuration.busyMode = .timeout(busySeconds)
        configuration.maximumReaderCount = readers
        // No table refers to another by a constraint; every write would look for them.
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            // KiB: the writer's working set is the upper pages of every index that it touches.
            try db.execute(sql: "PRAGMA cache_size = -\(db.configuration.readonly ? 8_192 : 65_536)")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // GRDB has set NORMAL, under which a power failure may take the last commits.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                throw SatchelError(.internalError, "SQLite did not take synchronous = FULL.", remedy: "Report this.")
            }
            // Pages: 64 MiB between checkpoints, since updates at random write most pages more than once; and no more than that
            // kept after a burst.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 16384")
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        return pool
    }

    private static func createTables(_ layout: StoreLayout, _ db: Database) throws {
        guard layout.tables.count <= Limits.schemaTables else {
            throw SatchelError(
                .fileInvalid, "The schema has \(layout.tables.count) tables.", remedy: "Keep it to \(Limits.schemaTables).")
        }
        do { try layout.create(db) } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            throw SatchelError(
                .fileInvalid, "SQLite cannot hold this schema: \(error.message ?? "no message").",
                remedy: "Rename the table or field that it names.")
        }
    }

    /// Empty, and readable by its owner only before anything is in it.
    private static func createFile(_ path: String) throws {
        let descriptor = Foundation.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            Foundation.close(descriptor)
            return
        }
        let reason = errno
        switch reason {
        case EEXIST:
            throw SatchelError(
                .alreadyExists, "There is already a file at \(path).",
                remedy: "Give a new folder; an organisation is made once.")
        case ENOSPC, EDQUOT:
            throw SatchelError(.diskFull, "There is no room left for \(path).", remedy: "Free some space on that disk.")
        default:
            throw SatchelError(
                .dataFolderInvalid, "\(path) cannot be made: \(String(cString: strerror(reason))).",
                remedy: "Give a folder that exists and that this user may write to.")
        }
    }
}

extension SQLiteSession {
    /// The first state of a store.
    func begin(_ governance: Governance, epoch: Epoch, organisation: String) throws {
        try db.execute(sql: "INSERT INTO meta (name, value) VALUES ('organisation', ?)", arguments: [organisation])
        var random = SystemRandomNumberGenerator()
        for secret in StoreSecret.allCases {
            let value = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
            try db.execute(sql: "INSERT INTO secret (name, value) VALUES (?, ?)", arguments: [secret.rawValue, value])
        }
        try db.execute(
            sql: "INSERT INTO log_head VALUES (1, ?, 0, ?, 0, 0, ?)",
            arguments: [
                Int64(bitPattern: epoch.number), Data(LogChain.start), Int64(clamping: RootNumber.firstOfRows.number),
            ])
        try db.execute(
            sql: "INSERT INTO epoch (epoch, began) VALUES (?, 0)", arguments: [Int64(bitPattern: epoch.number)])
        try db.execute(
            sql: "INSERT INTO governance_schema (began, schema) VALUES (0, ?)",
            arguments: [Data(RuleCoding.encode(governance.schema))])
        try db.execute(
            sql: "INSERT INTO governance_policy (began, policy) VALUES (0, ?)",
            arguments: [Data(RuleCoding.encode(governance.policy))])
        let organisation = governance.organisation
        for territory in organisation.territories.values { try begin(territory, at: .zero) }
        for user in organisation.users.values { try begin(user, at: .zero) }
        for grant in organisation.grants { try begin(grant, at: .zero) }
        try store([Membership(root: .global, scope: .global, began: .zero)])
    }

    func begin(_ epoch: Epoch) throws {
        var head = try head()
        try db.execute(
            sql: "UPDATE epoch SET fork = ? WHERE fork IS NULL", arguments: [Int64(clamping: head.position.number)])
        try db.execute(
            sql: "INSERT INTO epoch (epoch, began) VALUES (?, ?)",
            arguments: [Int64(bitPattern: epoch.number), Int64(clamping: head.position.number)])
        head.epoch = epoch
        try setHead(head)
    }
}
