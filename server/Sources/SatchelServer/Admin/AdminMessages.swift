import SatchelPolicy
import SatchelProtocol

/// What a command asks. Names of files are not among them, but for a backup's: a command reads its files itself, since the server
/// may run as another user and see other folders.
public enum AdminRequest: Codable, Sendable {
    case status
    case catalogue
    case land(ImportBatch)
    case unplaced([ImportRowName])
    case enrolmentCode(user: String)
    case grant(GrantOrder)
    case revoke(GrantOrder)
    case territories
    case addTerritory(id: String, name: String, parent: String?)
    case moveTerritory(id: String, parent: String)
    case users
    case addUser(id: String, name: String)
    case disableUser(id: String)
    case replicas
    case revokeReplica(id: String)
    case backup(path: String)
    case certificate(CertificateFiles)
}

/// The answer: one case for each kind of request, or why it was not done.
public enum AdminReply: Codable, Sendable {
    case done
    case status(ServerStatus)
    case catalogue(ImportCatalogue)
    case landed([ImportOutcome])
    case unplaced([UnplacedRows])
    case enrolmentCode(EnrolmentCodeReply)
    case territories([TerritoryReply])
    case users([UserReply])
    case replicas([ReplicaReply])
    case backup(BackupReply)
    case certificate(CertificateReply)
    case failed(AdminFailure)
}

/// A `SatchelError` as it travels, without its cause: that goes into the server's log.
public struct AdminFailure: Codable, Sendable, Hashable {
    public let code: String
    public let message: String
    public let remedy: String

    public init(_ error: SatchelError) {
        code = error.code.rawValue
        message = error.message
        remedy = error.remedy
    }

    public var error: SatchelError { SatchelError(ErrorCode(rawValue: code), message, remedy: remedy) }
}

/// A role at a scope for a user, from and until moments in milliseconds since 1970; nil for now and for ever.
public struct GrantOrder: Codable, Sendable, Hashable {
    public let user: String
    public let role: String
    /// Nil for the scope `global`.
    public let territory: String?
    public let from: UInt64?
    public let until: UInt64?

    public init(user: String, role: String, territory: String?, from: UInt64? = nil, until: UInt64? = nil) {
        self.user = user
        self.role = role
        self.territory = territory
        self.from = from
        self.until = until
    }
}

public struct EnrolmentCodeReply: Codable, Sendable, Hashable {
    public let code: String
    public let user: String
    /// ISO 8601, UTC.
    public let expires: String
}

public struct TerritoryReply: Codable, Sendable, Hashable {
    public let id: String
    public let name: String
    /// Nil for the root.
    public let parent: String?
}

public struct UserReply: Codable, Sendable, Hashable {
    public let id: String
    public let name: String
    public let isDisabled: Bool
    /// In force now, then what is scheduled.
    public let grants: [GrantReply]
    public let scheduled: [ScheduledGrantReply]
}

public struct GrantReply: Codable, Sendable, Hashable {
    public let role: String
    /// Nil for the scope `global`.
    public let territory: String?
}

public struct ScheduledGrantReply: Codable, Sendable, Hashable {
    public let role: String
    public let territory: String?
    /// Whether it begins then, or ends.
    public let begins: Bool
    /// ISO 8601, UTC.
    public let at: String
}

public struct ReplicaReply: Codable, Sendable, Hashable {
    public let id: String
    public let user: String
    /// As the device called itself.
    public let device: String
    /// ISO 8601, UTC.
    public let enrolled: String
    public let isRevoked: Bool
}

public struct BackupReply: Codable, Sendable, Hashable {
    public let path: String
    public let bytes: Int
    public let position: UInt64
}

/// A certificate chain and its key, as PEM text.
public struct CertificateFiles: Codable, Sendable, Hashable {
    public let chain: String
    public let key: String

    public init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }
}

public struct CertificateReply: Codable, Sendable, Hashable {
    public let subject: String
    /// ISO 8601, UTC.
    public let expires: String
}

public struct ServerStatus: Codable, Sendable, Hashable {
    public let organisation: String
    public let schema: String
    public let schemaVersion: Int
    public let policy: String
    public let policyVersion: Int
    /// Whether a server answered, rather than the command itself.
    public var isServing: Bool
    /// `https://HOST:PORT` while it serves.
    public var address: String?
    public let epoch: String
    public let position: UInt64
    public let territories: Int
    public let users: Int
    public let replicas: Int
    public let grants: Int
    public let scheduledGrants: Int
    public let storeBytes: Int
    /// When the certificate expires: ISO 8601, UTC.
    public let certificateExpires: String?
}

extension GrantOrder {
    /// - Parameter text: a date, or a date and time; UTC where it names no zone.
    /// - Returns: milliseconds since 1970.
    /// - Throws: `usage`.
    public static func moment(_ text: String) throws -> UInt64 {
        if let moment = CivilTime.read(text), moment >= 0 { return UInt64(moment) }
        throw SatchelError(
            .usage, "\(quoted(text)) is no date or time after 1970.", remedy: "Write 2026-11-22, or 2026-11-22T06:30:00Z.")
    }
}

extension CertificateFiles {
    /// Reads the files that a command names.
    public static func load(certificate: String, key: String) throws -> CertificateFiles {
        try CertificateFolder.load(certificate: certificate, key: key)
    }
}
