import GRDB
import Logging
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore
import Synchronization

/// One user's share of an organisation's data in one SQLite file, readable and writable without a network, and in step with
/// the server whenever there is one.
///
/// The file may be open in several processes at once, and any SQLite client may read and write it; use one `Replica` for each
/// file in a process. Every method may be called from any task. Work on the file runs on threads of its own.
public final class Replica: Sendable {
    /// The file.
    public var path: String { file.path }

    let file: ReplicaFile
    let keys: any KeyStore
    let configuration: ReplicaConfiguration
    let engine = ReplicaEngine(coding: WireTransactionCoding())
    /// One sync, enrolment or comparison at a time.
    let gate = SerialGate()
    let changes: ChangeWatch
    private let current = Mutex<Session?>(nil)

    private init(file: ReplicaFile, keys: any KeyStore, configuration: ReplicaConfiguration) {
        self.file = file
        self.keys = keys
        self.configuration = configuration
        changes = ChangeWatch(interval: configuration.pollInterval) { file.changesByOthers() }
    }

    /// Opens a file, or makes one that is not enrolled yet.
    ///
    /// - Parameters:
    ///   - path: of the file; its `-wal` and `-shm` lie beside it.
    ///   - keys: where this device's key is; nil for the file `PATH.key`.
    /// - Throws: `SatchelError`: `.notASatchel`, `.fileTooNew`, `.fileDamaged`, `.fileBusy`, `.diskFull`, `.notFound` when the folder is
    ///   not there.
    public static func open(
        path: String, keys: (any KeyStore)? = nil, configuration: ReplicaConfiguration = ReplicaConfiguration()
    ) async throws -> Replica {
        let file = try await ReplicaFile.open(path: path, configuration: configuration)
        return Replica(file: file, keys: keys ?? FileKeyStore(replica: path), configuration: configuration)
    }

    /// Lets go of the network and of the file. What was written is safe without it; a process that ends need not call it.
    public func close() async {
        forgetSession()
        await file.close()
    }

    // MARK: Identity

    /// The session of the identity that the file has now: another process may have enrolled it anew.
    func session() async throws -> Session {
        let found = try await file.read { reader in
            (try reader.state(), try ReplicaSettings.get(.certificateAuthority, reader.database))
        }
        guard let replica = found.0.replica, let organisation = found.0.organisation, let server = found.0.server,
            let authority = found.1
        else {
            throw SatchelError(
                .notEnrolled, "This file is not enrolled.", remedy: "Enrol with a code from your admin.")
        }
        let identity = Session.Identity(
            server: server, authority: authority, organisation: organisation, replica: replica)
        return try current.withLock { current in
            if let current, current.identity == identity { return current }
            let session = try Session(identity, keys: keys, configuration: configuration)
            current = session
            return session
        }
    }

    func forgetSession() { current.withLock { $0 = nil } }

    /// Remembers that this identity is finished, so that `status()` says so without a network.
    func note(_ error: any Error) async throws {
        let code: ErrorCode
        switch error {
        case let failure as Failure where failure.action == .enrol: code = failure.code
        case let error as SatchelError where error.asksForEnrolment && error.code != .notEnrolled: code = error.code
        default: return
        }
        try await file.transact { _, database in try ReplicaSettings.set(.revoked, code.rawValue, database) }
    }

    /// After everything that a sync brought: what was revoked is blanked where it could not be before.
    func finishSync() async throws {
        if try await file.read({ try ReplicaSettings.get(.revoked, $0.database) }) != nil {
            // Whatever ended it before, this identity is good now.
            try await file.transact { _, database in try ReplicaSettings.set(.revoked, nil, database) }
        }
        try await file.blank()
    }

    func position() async throws -> Position? { try await file.read { try $0.state().cursor?.position } }

    // MARK: Status

    /// How this replica stands. Needs no network.
    public func status() async throws -> ReplicaStatus {
        try await closeOpenChanges()
        return try await file.read { reader in
            let state = try reader.state()
            let revoked = try ReplicaSettings.get(.revoked, reader.database) != nil
            var status = ReplicaStatus(state: Self.state(state, isRevoked: revoked))
            status.user = state.user
            status.replica = state.replica
            status.server = state.server
            status.position = state.cursor?.position
            status.pending = Int(clamping: state.lastCounter - Self.acknowledged(state))
            status.refused = try reader.refusalCount()
            status.conflicts = try reader.conflictCount() + reader.overtakenCount()
            status.lastSyncMilliseconds = state.lastSyncMilliseconds
            status.isBlankingPending = try reader.isBlankingPending()
            return status
        }
    }

    private static func state(_ state: ReplicaState, isRevoked: Bool) -> ReplicaStatus.State {
        if state.replica == nil { return .notEnrolled }
        if isRevoked { return .revoked }
        return state.cursor == nil ? .bootstrapping : .ready
    }

    /// What other programs wrote becomes a transaction when this library next looks; so that lists and counts hold it too.
    func closeOpenChanges() async throws {
        guard try await file.read({ try $0.hasOpenChanges() }) else { return }
        try await file.transact { [engine, configuration] store, _ in
            try engine.closeOpenChanges(store, clock: configuration.clock.reading())
        }
    }

    static func pending(_ reader: ReplicaReader) throws -> [PendingTransaction] {
        try reader.transactions(after: acknowledged(try reader.state()), limit: .max, bytes: .max)
    }

    /// The last own transaction whose verdict is kept.
    private static func acknowledged(_ state: ReplicaState) -> UInt64 { max(state.confirmedThrough, state.appliedThrough) }
}

extension SatchelError {
    /// Whether this identity is finished and the file must enrol again; it keeps its queue.
    public var asksForEnrolment: Bool {
        switch code {
        case .notEnrolled, .replicaRevoked, .replicaDiverged, .keyMissing, .proofInvalid: true
        default: false
        }
    }
}
