import Foundation
import GRDB
import SatchelCore
import SatchelProtocol

/// A copy of the whole store at one moment, made while the server goes on.
///
/// The copy carries a mark by which whatever opens it as a store knows that it was restored, and begins a new epoch: replicas
/// may have seen more than the copy holds (DESIGN §4, "Epochs").
enum Backup {
    private static let mark = "restored"

    /// - Parameter path: a file that is not there yet; it is made with mode 0600, since the server's secrets are in it.
    /// - Throws: `already-exists`, `disk-full`, `data-folder-invalid`; nothing is left then.
    static func write(_ store: SQLiteServerStore, to path: String) throws -> BackupReply {
        try NewFile.write([], to: path, mode: 0o600)
        do {
            let reply = try copy(store.pool.path, to: path)
            try flush(path)
            try flush(URL(fileURLWithPath: path).deletingLastPathComponent().path)
            return reply
        } catch {
            unlink(path)
            throw SatchelError.storage(error, path: path)
        }
    }

    /// To be called by whoever opens a store under the folder's lock, before anything else.
    /// - Returns: whether it was a restored copy.
    @discardableResult
    static func beginEpochIfRestored(_ store: SQLiteServerStore) throws -> Bool {
        let isRestored = try store.pool.read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM meta WHERE name = ?)", arguments: [mark]) ?? false
        }
        guard isRestored else { return false }
        // In this order: cut off in between, it only begins one epoch more.
        try store.beginEpoch(Epoch(UInt64.random(in: 1 ... .max)))
        try store.pool.write { db in try db.execute(sql: "DELETE FROM meta WHERE name = ?", arguments: [mark]) }
        return true
    }

    private static func copy(_ source: String, to path: String) throws -> BackupReply {
        // A connection of its own: it holds one moment for as long as the copy takes, and no writer waits for it.
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let reading = try DatabaseQueue(path: source, configuration: configuration)
        // SQLite writes into an empty file that is there, and so keeps its mode.
        try reading.writeWithoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [path]) }
        try reading.close()
        let copy = try DatabaseQueue(path: path)
        let position = try copy.write { db in
            try db.execute(sql: "INSERT OR REPLACE INTO meta (name, value) VALUES (?, 'yes')", arguments: [mark])
            return try Int64.fetchOne(db, sql: "SELECT position FROM log_head") ?? 0
        }
        try copy.close()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return BackupReply(path: path, bytes: (attributes[.size] as? Int) ?? 0, position: UInt64(clamping: position))
    }

    private static func flush(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> SatchelError {
        SatchelError(
            .dataFolderInvalid, "The backup \(path) is not safely on the disk: \(String(cString: strerror(errno))).",
            remedy: "Check the disk and make the backup again.")
    }
}
