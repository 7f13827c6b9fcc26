import SatchelCore
import SatchelEngine
import SatchelProtocol
import Synchronization

/// A running server: through it, so that connected replicas hear of everything at once.
final class ServerHost: AdminHost {
    let store: SQLiteServerStore
    private let server: SatchelServer
    private let place: ServingAddress

    var identities: Identities { server.identities }
    var address: String? { place.text }

    init(store: SQLiteServerStore, server: SatchelServer, place: ServingAddress) {
        self.store = store
        self.server = server
        self.place = place
    }

    func govern(_ changes: [GovernanceChange]) async throws {
        try await server.govern(changes, by: AdminService.administrator)
    }

    /// Waits while reps' pushes are more than the server takes at once: an import is in no hurry.
    func ingest(_ items: [IngestItem]) async throws -> [IngestOutcome] {
        var tries = 0
        while true {
            do {
                return try await server.committer.submit(items).outcomes
            } catch let failure as Failure where failure.code == .busy && tries < Self.tries {
                tries += 1
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    /// A minute of them.
    private static let tries = 240

    func revoke(_ replica: ReplicaID) async throws { try server.revoke(replica) }

    func use(_ certificate: CertificateFiles) async throws {
        try server.replaceCertificate(chain: certificate.chain, key: certificate.key)
    }
}

/// Where a server listens, known only once it does.
final class ServingAddress: Sendable {
    private let value: Mutex<String?> = Mutex(nil)

    /// `https://HOST:PORT`
    var text: String? { value.withLock { $0 } }

    func set(_ text: String) { value.withLock { $0 = text } }
}
