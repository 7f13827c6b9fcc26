import Foundation
import Logging
import SatchelProtocol

/// The way from a command to a data folder: through the running server if there is one, else straight to the store, under the
/// folder's lock.
public final class AdminGateway: ImportSink {
    private enum Way {
        case server(AdminClient)
        case direct(AdminService, SQLiteServerStore, FolderLock)
    }

    private let way: Way

    private init(_ way: Way) { self.way = way }

    /// - Throws: `data-folder-invalid`; `file-busy` when another command works on the folder for longer than it should.
    public static func open(_ folder: DataFolder, logger: Logger) async throws -> AdminGateway {
        try folder.check()
        let deadline = ContinuousClock.now + .seconds(AdminLimits.lockWaitSeconds)
        while true {
            if let client = try AdminClient.connect(folder) { return AdminGateway(.server(client)) }
            if let lock = try FolderLock.take(folder) { return try direct(folder, lock, logger) }
            // Another command, or a server that is about to listen or to end.
            guard ContinuousClock.now < deadline else { throw busy(folder) }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func direct(_ folder: DataFolder, _ lock: FolderLock, _ logger: Logger) throws -> AdminGateway {
        let store = try SQLiteServerStore.open(at: folder.storePath)
        try Backup.beginEpochIfRestored(store)
        let service = try AdminService(
            host: DirectHost(store: store), folder: folder, coding: WireTransactionCoding(), logger: logger)
        return AdminGateway(.direct(service, store, lock))
    }

    /// - Throws: why it was not done.
    public func ask(_ request: AdminRequest) async throws -> AdminReply {
        switch way {
        case .server(let client): return try await client.ask(request)
        case .direct(let service, _, _):
            let reply = await service.answer(request)
            if case .failed(let failure) = reply { throw failure.error }
            return reply
        }
    }

    public func catalogue() async throws -> ImportCatalogue {
        if case .catalogue(let catalogue) = try await ask(.catalogue) { return catalogue }
        throw Self.misunderstood
    }

    public func land(_ batch: ImportBatch) async throws -> [ImportOutcome] {
        if case .landed(let outcomes) = try await ask(.land(batch)) { return outcomes }
        throw Self.misunderstood
    }

    public func unplaced(among names: [ImportRowName]) async throws -> [UnplacedRows] {
        if case .unplaced(let rows) = try await ask(.unplaced(names)) { return rows }
        throw Self.misunderstood
    }

    /// To be called when all is done: folds the store's write-ahead log into it, and lets others at the folder.
    public func close() throws {
        guard case .direct(_, let store, let lock) = way else { return }
        defer { lock.release() }
        try store.close()
    }

    /// The answer to another question than the one that was asked.
    public static let misunderstood = SatchelError(
        .malformed, "The server's answer is not one to this command.", remedy: "Use the satcheld of the server's own version.")

    static func busy(_ folder: DataFolder) -> SatchelError {
        SatchelError(
            .fileBusy, "Another command works on the folder \(folder.path).", remedy: "Wait for it to end, and repeat this one."
        )
    }
}
