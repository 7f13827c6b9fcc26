import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import SatchelCore
import SatchelEngine
import SatchelProtocol
import ServiceLifecycle
import UnixSignals

/// The server: HTTP/1.1 and HTTP/2 on TLS over one store.
///
/// It keeps no lock on its data folder; whoever starts it does, and keeps the store open until `run` has returned.
public final class SatchelServer: Service {
    /// Who may come in. Revoke through the server itself (`revoke`), which also cuts what is open.
    public let identities: Identities
    /// The way into the log for the server's own writers.
    public let committer: Committer
    private let configuration: ServerConfiguration
    private let store: any ServerStore
    private let sealer: CursorSealer
    private let cipher: RootCipher
    private let tokenSecret: [UInt8]
    private let certificate: ReloadableCertificate
    private let hub: LiveHub
    private let passes: PassRunner
    private let closing = ClosingSign()
    private let now: ServerClock
    private let logger: Logger
    private let ready: @Sendable (Int) async -> Void

    /// - Parameter ready: called once, when connections are taken, with the port.
    /// - Throws: `SatchelError` `.fileInvalid` for a certificate or key that is no good; what the store throws.
    public convenience init(
        configuration: ServerConfiguration, store: SQLiteServerStore, now: @escaping ServerClock = systemClock,
        logger: Logger = Logger(label: "satchel.server"), ready: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        try self.init(
            configuration: configuration, store: store, identities: try Identities(store: store, now: now),
            secrets: Secrets(store), now: now, logger: logger, ready: ready)
    }

    /// The server's own keys.
    struct Secrets {
        var cursorSeal: [UInt8]
        var rootCipher: [UInt8]
        var token: [UInt8]

        init(_ store: SQLiteServerStore) throws {
            cursorSeal = try store.secret(.cursorSeal)
            rootCipher = try store.secret(.rootCipher)
            token = try store.secret(.token)
        }
    }

    /// - Parameter store: what pushes and pulls work on; may be a wrapper of the one that `identities` work on.
    init(
        configuration: ServerConfiguration, store: any ServerStore, identities: Identities, secrets: Secrets,
        now: @escaping ServerClock, logger: Logger, ready: @escaping @Sendable (Int) async -> Void
    ) throws {
        self.configuration = configuration
        self.store = store
        self.identities = identities
        self.now = now
        self.logger = logger
        self.ready = ready
        sealer = CursorSealer(key: secrets.cursorSeal)
        cipher = RootCipher(key: secrets.rootCipher)
        tokenSecret = secrets.token
        certificate = ReloadableCertificate(
            try ServerTLS.configuration(
                certificate: configuration.certificate, key: configuration.privateKey, closing: configuration.limits.closing))
        let hub = LiveHub(limits: configuration.limits)
        self.hub = hub
        passes = PassRunner(store: store, limits: configuration.limits)
        committer = Committer(store: store, limits: configuration.limits, logger: logger) { hub.publish($0) }
    }

    // MARK: Running

    /// Serves until a graceful shutdown begins (`ServiceLifecycle`) or the task is cancelled, then finishes what is in
    /// flight and returns, within `Limits.shutdownSeconds` and two more, whatever clients do. Once only.
    ///
    /// - Throws: `SatchelError` `.portInUse`, `.usage` for an address that cannot be listened on.
    public func run() async throws {
        let responder = await responder()
        let connections = min(configuration.limits.connections, OpenFiles.raise() - configuration.limits.otherFiles)
        let application = Application(
            responder: responder,
            server: HTTPServerBuilder { [certificate, configuration, closing] handler in
                try SecureChannel(
                    certificate: certificate, limits: configuration.limits, closing: closing, responder: handler)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(connections)),
            onServerRunning: { [ready, port = configuration.port] channel in
                await ready(channel.localAddress?.port ?? port)
            },
            logger: quiet(logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [hub] in await hub.watch() }
            defer { group.cancelAll() }
            do {
                try await withTaskCancellationHandler {
                    try await withGracefulShutdownHandler {
                        try await application.run()
                    } onGracefulShutdown: {
                        self.beginClosing()
                    }
                } onCancel: {
                    self.closing.abandon()
                    self.beginClosing()
                }
            } catch {
                await self.finish()
                throw explained(error)
            }
            await self.finish()
        }
    }

    /// Runs until SIGTERM or SIGINT, together with services that live as long: each is shut down before the server is.
    public func runUntilTerminated(alongside services: [any Service] = []) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: ([self] + services).map {
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger)))
        try await group.run()
    }

    private func beginClosing() {
        guard closing.set() else { return }
        passes.close()
        hub.close()
    }

    private func finish() async {
        beginClosing()
        await committer.close()
    }

    private func responder() async -> ServerResponder {
        let limits = configuration.limits
        let tokens = await Tokens(secret: tokenSecret, organisation: identities.organisation, now: now)
        let table = RouteTable(
            identity: IdentityRoutes(identities: identities, nonces: Nonces(now: now), tokens: tokens),
            push: PushRoute(
                store: store, committer: committer, identities: identities, hub: hub, sealer: sealer, limits: limits, now: now,
                logger: logger),
            pull: PullRoute(
                hub: hub, passes: passes, sealer: sealer, cipher: cipher, limits: limits,
                logger: logger),
            closing: closing)
        return ServerResponder(table: table, tokens: tokens, identities: identities, limits: limits)
    }

    private func explained(_ error: any Error) -> any Error {
        guard let error = error as? IOError else { return error }
        let place = "\(configuration.host):\(configuration.port)"
        if error.errnoCode == EADDRINUSE {
            return SatchelError(
                .portInUse, "Another program listens on \(place).", remedy: "End it, or give another port with --listen.",
                cause: "\(error)")
        }
        return SatchelError(
            .usage, "The server cannot listen on \(place).", remedy: "Give an address of this machine with --listen.",
            cause: "\(error)")
    }

    /// Libraries tell more than an operator wants to know.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    // MARK: For the admin

    /// Changes the rules, durably, for everyone from now on: live pulls make a pass, and a user who is disabled by it is cut.
    @discardableResult
    public func govern(_ changes: [GovernanceChange], by administrator: String) async throws -> IngestReport {
        let report = try await committer.govern(changes, by: administrator, receivedMilliseconds: now())
        let disabled = Set(identities.apply(changes))
        if !disabled.isEmpty { hub.cut(IdentityFailure.revoked) { disabled.contains($0.user) } }
        return report
    }

    /// Takes back a replica's access, durably, and cuts what it has open. When this returns it gets nothing more.
    /// - Throws: `SatchelError` `.notFound`; what the store throws.
    public func revoke(_ replica: ReplicaID) throws {
        try identities.revoke(replica)
        hub.cut(IdentityFailure.revoked) { $0.replica == replica }
    }

    /// The certificate for connections from now on.
    ///
    /// - Parameters:
    ///   - chain: PEM text: the server's certificate, then those that lead to the authority.
    ///   - key: PEM text.
    /// - Throws: `SatchelError` `.fileInvalid`; the old one then stays.
    public func replaceCertificate(chain: String, key: String) throws {
        try certificate.replace(
            try ServerTLS.configuration(chain: chain, key: key, closing: configuration.limits.closing))
    }

    /// Pulls that stay open and wait.
    public var liveStreams: Int { hub.liveCount }
    /// Pushes and pulls under way, live ones included.
    public var openStreams: Int { hub.streamCount }
}
