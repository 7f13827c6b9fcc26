import GRDB
import Logging
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Every operation of the admin, each once: the running server calls them for its socket, a command that works alone calls them
/// on the store. Changes come one after another.
public struct AdminService: Sendable {
    /// The author of changes of the rules, in the log.
    static let administrator = "admin"

    let host: any AdminHost
    let folder: DataFolder
    let milliseconds: ServerClock
    let grants: GrantBook
    let lander: ImportLander
    let logger: Logger
    /// Called when scheduled grants have changed.
    let scheduleChanged: @Sendable () -> Void
    private let turns = Turns()
    /// What asks the store waits for a disk.
    private let disk = Blocking.concurrent("satchel.admin")

    init(
        host: any AdminHost, folder: DataFolder, coding: any TransactionCoding,
        milliseconds: @escaping ServerClock = systemClock,
        logger: Logger, scheduleChanged: @escaping @Sendable () -> Void = {}
    ) throws {
        self.host = host
        self.folder = folder
        self.milliseconds = milliseconds
        self.logger = logger
        self.scheduleChanged = scheduleChanged
        let store = host.store
        grants = GrantBook(
            schedule: GrantSchedule(store.pool), rules: { try Self.governance(store).organisation },
            govern: { try await host.govern($0) })
        lander = ImportLander(
            store: store, replica: { try ImportReplica.find(in: store, milliseconds: milliseconds()) }, coding: coding,
            commit: { try await host.ingest($0) }, milliseconds: milliseconds)
    }

    /// Does what a command asks. Never throws: what went wrong is an answer.
    public func answer(_ request: AdminRequest) async -> AdminReply {
        do {
            return try await perform(request)
        } catch let error as SatchelError {
            if let cause = error.cause {
                logger.warning("\(error.message)", metadata: ["code": "\(error.code)", "cause": "\(cause)"])
            }
            return .failed(AdminFailure(error))
        } catch let failure as Failure {
            return .failed(AdminFailure(SatchelError(failure.code, failure.message, remedy: "Try again in a moment.")))
        } catch {
            logger.error("A command failed.", metadata: ["error": "\(error)"])
            return .failed(
                AdminFailure(
                    SatchelError(.internalError, "The command failed.", remedy: "See the log, and report what it says.")))
        }
    }

    private func perform(_ request: AdminRequest) async throws -> AdminReply {
        switch request {
        case .status: .status(try await disk.run { try status() })
        case .catalogue: .catalogue(try await lander.catalogue())
        case .land(let batch): .landed(try await lander.land(batch))
        case .unplaced(let names): .unplaced(try await lander.unplaced(among: names))
        case .territories: .territories(try await disk.run { try territories() })
        case .users: .users(try await disk.run { try users() })
        case .replicas: .replicas(try await disk.run { try replicas() })
        case .backup(let path): .backup(try await disk.run { try Backup.write(host.store, to: path) })
        case .enrolmentCode(let user): .enrolmentCode(try await disk.run { try enrolmentCode(for: user) })
        default: try await turns.take { try await change(request) }
        }
    }

    private func change(_ request: AdminRequest) async throws -> AdminReply {
        switch request {
        case .grant(let order): try await self.order(order, begins: true)
        case .revoke(let order): try await self.order(order, begins: false)
        case .addTerritory(let id, let name, let parent): try await addTerritory(id, name, parent)
        case .moveTerritory(let id, let parent): try await moveTerritory(id, parent)
        case .addUser(let id, let name): try await addUser(id, name)
        case .disableUser(let id): try await disableUser(id)
        case .revokeReplica(let id): try await revokeReplica(id)
        case .certificate(let files): return .certificate(try await replaceCertificate(files))
        default:
            throw SatchelError(.internalError, "The command is not known here.", remedy: "Report this.")
        }
        return .done
    }

    /// Makes log entries of the grants that are due.
    /// - Returns: when the next one is, milliseconds since 1970.
    func applyDueGrants() async throws -> UInt64? {
        try await turns.take { try await grants.applyDue(now: milliseconds()) }
    }

    // MARK: What all need

    func governance() throws -> Governance { try Self.governance(host.store) }

    static func governance(_ store: SQLiteServerStore) throws -> Governance {
        try store.read { reader in try reader.governance(at: reader.head().position) }
    }

    func moment(_ milliseconds: UInt64) -> String { CivilTime.text(Int64(clamping: milliseconds)) ?? "" }
}

/// The server-side replica that imports write as, made when it is first needed.
enum ImportReplica {
    static func find(in store: SQLiteServerStore, milliseconds: UInt64) throws -> ReplicaID {
        let known = try store.pool.read { db in
            try Int64.fetchOne(
                db,
                sql:
                    "SELECT id FROM replica WHERE public_key IS NULL AND user = ? AND revoked IS NULL ORDER BY enrolled LIMIT 1",
                arguments: [ImportLander.user])
        }
        if let known { return ReplicaID(UInt64(bitPattern: known)) }
        // 63 random bits: that one of them is taken does not happen, and would be an error and not a mix-up.
        let replica = ReplicaID(UInt64.random(in: 1...UInt64(Int64.max)))
        try store.enrol(replica, user: ImportLander.user, milliseconds: milliseconds)
        return replica
    }
}
