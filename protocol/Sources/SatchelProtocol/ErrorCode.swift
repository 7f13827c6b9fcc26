/// The registry of error codes: on the wire, in JSON, in logs. A code never changes its meaning; new ones may come, and a
/// client treats one that it does not know by the failure's action. `protocol/ERRORS.md` lists each with cause and remedy,
/// and a test compares the two.
public struct ErrorCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    private init(_ code: String) { rawValue = code }

    // Verdicts on changes; the replica gives the same ones as the write is made.
    public static let fieldNotWritable = ErrorCode("field-not-writable")
    public static let createNotPermitted = ErrorCode("create-not-permitted")
    public static let deleteNotPermitted = ErrorCode("delete-not-permitted")
    public static let fieldNotSettable = ErrorCode("field-not-settable")
    public static let moveNotPermitted = ErrorCode("move-not-permitted")
    public static let noScope = ErrorCode("no-scope")
    public static let noLongerInScope = ErrorCode("no-longer-in-scope")
    public static let referenceNotVisible = ErrorCode("reference-not-visible")
    public static let requiredFieldMissing = ErrorCode("required-field-missing")
    public static let typeMismatch = ErrorCode("type-mismatch")
    public static let valueTooLong = ErrorCode("value-too-long")
    public static let notInEnumeration = ErrorCode("not-in-enumeration")
    public static let invalidText = ErrorCode("invalid-text")
    public static let notANumber = ErrorCode("not-a-number")
    public static let unknownTable = ErrorCode("unknown-table")
    public static let unknownField = ErrorCode("unknown-field")
    public static let invalidID = ErrorCode("invalid-id")
    public static let idImmutable = ErrorCode("id-immutable")
    public static let atomicRefused = ErrorCode("atomic-refused")
    public static let rowDeleted = ErrorCode("row-deleted")
    public static let concurrentWrite = ErrorCode("concurrent-write")
    public static let refusalNotFound = ErrorCode("refusal-not-found")
    public static let bootstrapping = ErrorCode("bootstrapping")
    public static let unloggedWrite = ErrorCode("unlogged-write")

    // The session.
    public static let malformed = ErrorCode("malformed")
    public static let tooLarge = ErrorCode("too-large")
    public static let counterGap = ErrorCode("counter-gap")
    public static let replicaDiverged = ErrorCode("replica-diverged")
    public static let seenNotSent = ErrorCode("seen-not-sent")
    public static let foreignCursor = ErrorCode("foreign-cursor")
    public static let epochUnknown = ErrorCode("epoch-unknown")
    public static let upgradeClient = ErrorCode("upgrade-client")
    public static let upgradeServer = ErrorCode("upgrade-server")
    public static let busy = ErrorCode("busy")
    public static let shuttingDown = ErrorCode("shutting-down")
    public static let streamTruncated = ErrorCode("stream-truncated")
    public static let internalError = ErrorCode("internal-error")

    // Identity.
    public static let codeInvalid = ErrorCode("code-invalid")
    public static let proofInvalid = ErrorCode("proof-invalid")
    public static let tokenInvalid = ErrorCode("token-invalid")
    public static let replicaRevoked = ErrorCode("replica-revoked")
    public static let userMismatch = ErrorCode("user-mismatch")
    public static let organisationMismatch = ErrorCode("organisation-mismatch")
    public static let notEnrolled = ErrorCode("not-enrolled")

    // Reaching the server.
    public static let unreachable = ErrorCode("unreachable")
    public static let certificateInvalid = ErrorCode("certificate-invalid")
    public static let certificateAuthorityMissing = ErrorCode("ca-missing")

    // Files and machines.
    public static let notASatchel = ErrorCode("not-a-satchel")
    public static let fileTooNew = ErrorCode("file-too-new")
    public static let fileBusy = ErrorCode("file-busy")
    public static let diskFull = ErrorCode("disk-full")
    public static let keyMissing = ErrorCode("key-missing")
    public static let keyNotPrivate = ErrorCode("key-not-private")
    public static let fileDamaged = ErrorCode("file-damaged")
    public static let notFound = ErrorCode("not-found")
    public static let notReadOnly = ErrorCode("not-read-only")
    public static let invalidSQL = ErrorCode("invalid-sql")
    public static let usage = ErrorCode("usage")

    // The admin's files and folder.
    public static let fileInvalid = ErrorCode("file-invalid")
    public static let notBuiltYet = ErrorCode("not-built-yet")
    public static let dataFolderInvalid = ErrorCode("data-folder-invalid")
    public static let alreadyRunning = ErrorCode("already-running")
    public static let portInUse = ErrorCode("port-in-use")
    public static let userUnknown = ErrorCode("user-unknown")
    public static let roleUnknown = ErrorCode("role-unknown")
    public static let territoryUnknown = ErrorCode("territory-unknown")
    public static let alreadyExists = ErrorCode("already-exists")
    public static let territoryCycle = ErrorCode("territory-cycle")

    /// Every code, for the comparison with ERRORS.md.
    public static let all: [ErrorCode] = [
        fieldNotWritable, createNotPermitted, deleteNotPermitted, fieldNotSettable, moveNotPermitted, noScope, noLongerInScope,
        referenceNotVisible, requiredFieldMissing, typeMismatch, valueTooLong, notInEnumeration, invalidText, notANumber,
        unknownTable, unknownField, invalidID, idImmutable, atomicRefused, rowDeleted, concurrentWrite, refusalNotFound,
        bootstrapping, unloggedWrite, malformed, tooLarge, counterGap, replicaDiverged, seenNotSent, foreignCursor,
        epochUnknown,
        upgradeClient, upgradeServer, busy, shuttingDown, streamTruncated, internalError, codeInvalid, proofInvalid,
        tokenInvalid, replicaRevoked, userMismatch, organisationMismatch, notEnrolled, unreachable, certificateInvalid,
        certificateAuthorityMissing, notASatchel, fileTooNew, fileBusy, diskFull, keyMissing, keyNotPrivate, fileDamaged,
        notFound, notReadOnly, invalidSQL, usage, fileInvalid, notBuiltYet, dataFolderInvalid, alreadyRunning, portInUse,
        userUnknown, roleUnknown, territoryUnknown, alreadyExists, territoryCycle,
    ]
}

/// The error that every public interface throws: a code from the registry, what happened, to what, and the remedy.
public struct SatchelError: Error, Sendable, CustomStringConvertible {
    public var code: ErrorCode
    /// One sentence: what happened, to what.
    public var message: String
    /// One sentence: what to do.
    public var remedy: String
    /// The underlying error in words, for logs; never shown to another user.
    public var cause: String?

    public init(_ code: ErrorCode, _ message: String, remedy: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    public var description: String { "\(code): \(message) \(remedy)" }
}
