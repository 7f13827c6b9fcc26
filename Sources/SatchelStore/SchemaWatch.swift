import SatchelProtocol
import Synchronization

/// Remembers at which `PRAGMA schema_version` the file's tables and triggers were last found to be as they should.
final class SchemaWatch: Sendable {
    private let sound = Mutex<Int64?>(nil)
    /// Told what had to be put right, in words for a log.
    private let notice: @Sendable (String) -> Void

    init(notice: @escaping @Sendable (String) -> Void) { self.notice = notice }

    struct Finding {
        var version: Int64
        var faults: [String] = []
    }

    /// Costs microseconds while nobody changes the schema. Report the finding once the transaction is committed.
    func look(_ store: SQLiteReplicaStore) throws -> Finding? {
        guard let found = try inspect(store.reader) else { return nil }
        guard !found.faults.isEmpty, let schema = try store.schema() else { return found }
        try SchemaMender(connection: store.connection, schema: schema).mend()
        return Finding(version: try Self.version(store.connection), faults: found.faults)
    }

    /// - Returns: nil when nothing changed since it was last sound.
    func inspect(_ reader: ReplicaReader) throws -> Finding? {
        let version = try Self.version(reader.connection)
        if sound.withLock({ $0 }) == version { return nil }
        guard let schema = try reader.schema() else { return Finding(version: version) }
        return Finding(
            version: version, faults: try SchemaMender(connection: reader.connection, schema: schema).faults())
    }

    func committed(_ finding: Finding?) {
        guard let finding else { return }
        sound.withLock { $0 = finding.version }
        if finding.faults.isEmpty { return }
        notice(
            "Another program changed the file: \(finding.faults.joined(separator: "; ")). It was put right; the next sync compares everything."
        )
    }

    private static func version(_ connection: SQLiteConnection) throws -> Int64 {
        try connection.first("PRAGMA schema_version") { $0.integer(0) } ?? 0
    }
}

extension SQLiteReplicaStore {
    public func mayHoldUnlogged() throws -> Bool {
        try connection.exists("SELECT 1 FROM \"_satchel_control\" WHERE \"unlogged\"")
    }

    public func forgetUnlogged() throws {
        try connection.run("UPDATE \"_satchel_control\" SET \"unlogged\" = 0 WHERE \"unlogged\"")
    }
}
