import SatchelCore
import SatchelEngine
import SatchelProtocol

/// What the admin's operations need of whoever holds the store: the running server, or a command that works alone under the
/// folder's lock.
protocol AdminHost: Sendable {
    var store: SQLiteServerStore { get }
    var identities: Identities { get }
    /// `https://HOST:PORT` while it serves, else nil.
    var address: String? { get }

    /// Makes changes of the rules log entries, in force for connected replicas when it returns.
    func govern(_ changes: [GovernanceChange]) async throws
    /// Commits transactions of the server's own writers.
    func ingest(_ items: [IngestItem]) async throws -> [IngestOutcome]
    /// Cuts a replica off, now.
    func revoke(_ replica: ReplicaID) async throws
    /// For new connections from now on.
    func use(_ certificate: CertificateFiles) async throws
}

/// No server runs: straight to the store.
struct DirectHost: AdminHost {
    let store: SQLiteServerStore
    let identities: Identities
    let milliseconds: ServerClock

    var address: String? { nil }

    init(store: SQLiteServerStore, milliseconds: @escaping ServerClock = systemClock) throws {
        self.store = store
        self.milliseconds = milliseconds
        identities = try Identities(store: store, now: milliseconds)
    }

    func govern(_ changes: [GovernanceChange]) async throws {
        let now = milliseconds()
        _ = try write {
            try GovernanceIngest.commit(changes, by: AdminService.administrator, receivedMilliseconds: now, in: $0)
        }
        identities.apply(changes)
    }

    func ingest(_ items: [IngestItem]) async throws -> [IngestOutcome] {
        try write { try Ingest.commit(items, in: $0).outcomes }
    }

    func revoke(_ replica: ReplicaID) async throws { try identities.revoke(replica) }

    func use(_ certificate: CertificateFiles) async throws {}

    /// Not in an asynchronous function, where the call would mean another overload.
    private func write<Result>(_ body: (any ServerWriter) throws -> Result) throws -> Result { try store.write(body) }
}
