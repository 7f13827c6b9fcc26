import Foundation
import SatchelCore
import SatchelProtocol
import SatchelReplica
import X509

/// A folder, a server played by hand, and a replica that is enrolled there.
final class World: Sendable {
    let folder: TestFolder
    let organisation = FakeOrganisation()
    let authority: TestAuthority
    let server: ScriptedServer
    let keys = MemoryKeyStore()
    let replica: Replica

    init(enrolled: Bool = true, _ configure: (inout ReplicaConfiguration) -> Void = { _ in }) async throws {
        folder = try TestFolder()
        authority = try TestAuthority()
        server = try await ScriptedServer(try authority.issue(), script: organisation.answer)
        var configuration = Self.configuration
        configure(&configuration)
        replica = try await Replica.open(path: folder.file("satchel.sqlite"), keys: keys, configuration: configuration)
        if enrolled { _ = try await enrol() }
    }

    static var configuration: ReplicaConfiguration {
        var configuration = ReplicaConfiguration()
        configuration.connectTimeout = .seconds(20)
        configuration.replyTimeout = .seconds(20)
        configuration.silenceTimeout = .seconds(20)
        configuration.patience = .seconds(3)
        configuration.pollInterval = .milliseconds(20)
        return configuration
    }

    @discardableResult
    func enrol(code: String = "GOOD", by replica: Replica? = nil) async throws -> Identity {
        try await (replica ?? self.replica).enrol(
            server: URL(string: server.url) ?? URL(filePath: "/"), certificateAuthority: .pem(try authority.pem), code: code,
            device: "test")
    }

    /// Another object on the same file, as another process would have.
    func another() async throws -> Replica {
        try await Replica.open(path: replica.path, keys: keys, configuration: Self.configuration)
    }

    /// Enrolled and synced: three companies, one of them inactive.
    static func ready() async throws -> World {
        let world = try await World()
        _ = try await world.replica.sync()
        return world
    }
}

/// - Returns: the code of the `SatchelError` that the work throws; nil when it does not.
func code(_ work: () async throws -> Void) async -> ErrorCode? {
    do {
        try await work()
        return nil
    } catch let error as SatchelError {
        return error.code
    } catch {
        return ErrorCode(rawValue: "other: \(error)")
    }
}
