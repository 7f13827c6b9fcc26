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
        guard try isPending(database) else { return true }
        try database.execute(sql: "PRAGMA busy_timeout = \(attemptMilliseconds)")
        defer { try? database.execute(sql: "PRAGMA busy_timeout = \(Int(busyTimeoutSeconds * 1000))") }
        for _ in 0..<attempts {
            do {
                try rebuild(database)
                _ = try database.checkpoint(.truncate)
                try database.execute(sql: "UPDATE \"_satchel_control\" SET \"blanking\" = 0")
                return true
            } catch let error as DatabaseError where Self.canWait.contains(error.resultCode) {
                continue
            }
        }
        return false
    }

    /// Another program's reader or writer, or too little room for the copy: it stays pending, and the rest goes on.
    private static let canWait: [ResultCode] = [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL]

    private static func isPending(_ database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT \"blanking\" FROM \"_satchel_control\"") ?? false
    }

    private static func rebuild(_ database: Database) throws {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        let isLarge = pages * size > copyInMemoryBytes
        if isLarge { try database.execute(sql: "PRAGMA temp_store = FILE") }
        defer { if isLarge { try? database.execute(sql: "PRAGMA temp_store = MEMORY") } }
        try database.execute(sql: "VACUUM")
    }
}
