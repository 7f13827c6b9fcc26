import Foundation
import GRDB
import SatchelProtocol

/// Looks at a file before anything is written to it, so that opening the wrong one by mistake leaves it as it was.
enum FileInspection {
    enum Kind: Sendable, Hashable {
        /// No file, an empty one, or a database without a table: ours to make.
        case empty
        case satchel
    }

    /// - Throws: `not-a-satchel`, `file-too-new`, `file-damaged`, `file-busy`.
    static func inspect(_ path: String) throws -> Kind {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return .empty }
        if isFolder.boolValue { throw notOurs(path) }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64
        if size == 0 { return .empty }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read { try kind(of: $0, path) }
    }

    static func kind(of database: Database, _ path: String) throws -> Kind {
        let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if application == StoreFormat.applicationID {
            guard version <= StoreFormat.version else {
                throw SatchelError(
                    .fileTooNew, "\(path) was written by a newer version of this program.", remedy: "Install the newer version."
                )
            }
            return .satchel
        }
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard application == 0, version == 0, count == 0 else { throw notOurs(path) }
        return .empty
    }

    static func notOurs(_ path: String) -> SatchelError {
        SatchelError(
            .notASatchel, "\(path) is not a satchel.", remedy: "Name a satchel, or a file that does not exist yet.")
    }
}
