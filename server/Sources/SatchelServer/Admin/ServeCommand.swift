import Logging
import SatchelProtocol
import ServiceLifecycle

/// `satcheld serve`: the server on a data folder, with the admin's socket and the clock of grants beside it.
public struct ServeCommand: Sendable {
    private let folder: DataFolder
    private let host: String
    private let port: Int
    private let logger: Logger

    /// - Parameter port: 0 picks one.
    public init(_ folder: DataFolder, host: String, port: Int, logger: Logger) {
        self.folder = folder
        self.host = host
        self.port = port
        self.logger = logger
    }

    /// Until SIGTERM or SIGINT.
    ///
    /// - Parameter ready: called once with `https://HOST:PORT`, when connections are taken.
    /// - Throws: `already-running`, `port-in-use`, `data-folder-invalid`, `file-invalid` (a certificate that is no good).
    public func run(ready: @escaping @Sendable (String) -> Void) async throws {
        try folder.check()
        let lock = try await takeLock()
        let store = try SQLiteServerStore.open(at: folder.storePath)
        if try Backup.beginEpochIfRestored(store) {
            logger.notice("This store is a restored backup: a new epoch of its log begins.")
        }
        do {
            try await serve(store, ready)
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
        logger.info("Stopped.")
        // Held until the store is closed.
        withExtendedLifetime(lock) {}
    }

    /// A command that works on the folder at this moment is waited for; a server is not.
    private func takeLock() async throws -> FolderLock {
        let deadline = ContinuousClock.now + .seconds(AdminLimits.serveWaitSeconds)
        while true {
            if let lock = try FolderLock.take(folder) { return lock }
            guard try AdminClient.connect(folder) == nil, ContinuousClock.now < deadline else {
                throw SatchelError(
                    .alreadyRunning, "A server, or a command, is at work on the folder \(folder.path).",
                    remedy: "Stop it first, or serve another folder.")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func serve(_ store: SQLiteServerStore, _ ready: @escaping @Sendable (String) -> Void) async throws {
        let place = ServingAddress()
        let server = try SatchelServer(
            configuration: ServerConfiguration(dataFolder: folder.path, host: host, port: port), store: store, logger: logger
        ) { [host, folder, logger] port in
            let address = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
            place.set(address)
            logger.info("Serving.", metadata: ["address": "\(address)", "folder": "\(folder.path)"])
            ready(address)
        }
        let changed = WakeSignal()
        let service = try AdminService(
            host: ServerHost(store: store, server: server, place: place), folder: folder, coding: WireTransactionCoding(),
            logger: logger, scheduleChanged: { changed.raise() })
        // Before anyone is let in: what was to end while the server was down must not hold for another moment.
        _ = try await service.applyDueGrants()
        let clock = GrantClock(changed: changed, logger: logger) { try await service.applyDueGrants() }
        let socket = try AdminSocketServer(folder, logger: logger) { await service.answer($0) }
        try await server.runUntilTerminated(alongside: [socket, clock])
    }
}
