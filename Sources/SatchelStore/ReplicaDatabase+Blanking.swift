import GRDB
import SatchelProtocol

/// Making removals thorough (DESIGN §2, "Revocation").
///
/// `secure_delete` overwrites a removed cell where it lies, and a truncated WAL holds nothing; but when SQLite splits or
/// rebalances a page, it leaves copies of the moved cells in the page's unallocated middle, which no later delete finds
/// (measured with SQLite 3.40: after updates that grow rows, 18 to 23 of 3,000 removed ids were still in the file). So the
/// file is rebuilt as well, whose pages begin as zeros. It costs a copy of the file, and only when something was removed.
extension ReplicaDatabase {
    /// How long one attempt waits for a reader that holds an older state of the file.
    private static let attemptMilliseconds = 100
    private static let attempts = 5
    /// Up to here the copy is made in memory; a larger one goes to an unnamed temporary file.
    private static let copyInMemoryBytes = 64 * 1024 * 1024

    /// Finishes a removal that is pending: at once after `withStore`, again at the next open or sync when a reader was in the
    /// way. Cheap when none is pending.
    /// - Returns: whether nothing is pending any more.
    @discardableResult
    public func finishBlanking() throws -> Bool {
        try SatchelError.mapping { try pool.writeWithoutTransaction { try Self.finishBlanking($0) } }
    }

    @discardableResult
    static func finishBlanking(_ database: Database) throws -> Bool {
        guard try Progress(database).isPending else { return true }
        try database.execute(sql: "PRAGMA busy_timeout = \(attemptMilliseconds)")
        defer { try? database.execute(sql: "PRAGMA busy_timeout = \(Int(busyTimeoutSeconds * 1000))") }
        for _ in 0..<attempts {
            do {
                try attempt(database)
                return true
            } catch let error as DatabaseError where Self.canWait.contains(error.resultCode) {
                continue
            }
        }
        return false
    }

    /// Removals are counted, so that one that another process makes in the middle is not taken for finished.
    private struct Progress {
        var removals: Int64
        var rebuilt: Int64
        var blanked: Int64
        var isPending: Bool { blanked < removals }

        init(_ database: Database) throws {
            let row = try Row.fetchOne(database, sql: "SELECT \"removals\", \"rebuilt\", \"blanked\" FROM \"_satchel_control\"")
            removals = row?["removals"] ?? 0
            rebuilt = row?["rebuilt"] ?? 0
            blanked = row?["blanked"] ?? 0
        }
    }

    private static func attempt(_ database: Database) throws {
        let progress = try Progress(database)
        if progress.rebuilt < progress.removals {
            try rebuild(database)
            // Kept, so that an attempt that only waits for a reader does not copy the file again.
            try database.execute(
                sql: "UPDATE \"_satchel_control\" SET \"rebuilt\" = max(\"rebuilt\", ?)", arguments: [progress.removals])
        }
        _ = try database.checkpoint(.truncate)
        try database.execute(
            sql: "UPDATE \"_satchel_control\" SET \"blanked\" = max(\"blanked\", ?)", arguments: [progress.removals])
    }

    /// Another program's reader or writer, or too little room for the copy: it stays pending, and the rest goes on.
    private static let canWait: [ResultCode] = [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL]

    private static func rebuild(_ database: Database) throws {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        let isLarge = pages * size > copyInMemoryBytes
        if isLarge { try database.execute(sql: "PRAGMA temp_store = FILE") }
        defer { if isLarge { try? database.execute(sql: "PRAGMA temp_store = MEMORY") } }
        try database.execute(sql: "VACUUM")
    }
}
