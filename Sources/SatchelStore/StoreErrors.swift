import GRDB
import SatchelCore
import SatchelProtocol

extension SatchelError {
    /// What an SQLite error means to the user of a replica. A refusal by one of the file's triggers comes out with the
    /// server's code for it.
    public init(_ error: DatabaseError) {
        let cause = error.description
        if let refusal = Self.refusal(error.message) {
            self = refusal
            return
        }
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(
                .diskFull, "There is no room left on the disk; nothing of this write was kept, and nothing else was lost.",
                remedy: "Free some space and try again.", cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .fileBusy, "Another program is writing to this file.", remedy: "Try again when it has finished.", cause: cause)
        case .SQLITE_NOTADB:
            self.init(
                .notASatchel, "The file is not a satchel.", remedy: "Name another file, or one that does not exist yet.",
                cause: cause)
        case .SQLITE_CORRUPT:
            self.init(
                .fileDamaged, "The file is damaged.",
                remedy: "Keep a copy of it, and enrol again with a new file; what was pushed is safe on the server.",
                cause: cause)
        case .SQLITE_CANTOPEN:
            self.init(
                .notFound, "The file cannot be opened or made.",
                remedy: "Check that its folder exists and that you may write there.", cause: cause)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .notReadOnly, "This may only read.",
                remedy: "Use a statement that only reads, or check that you may write to the file.", cause: cause)
        case .SQLITE_CONSTRAINT where error.extendedResultCode == .SQLITE_CONSTRAINT_NOTNULL:
            self.init(
                .invalidID, "A new row needs an id of its own: a UUID of version 7 in lower case.",
                remedy: Self.remedy(.invalidID), cause: cause)
        case .SQLITE_CONSTRAINT where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY:
            self.init(.alreadyExists, "There is a row with this id already.", remedy: "Update that row instead.", cause: cause)
        case .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_RANGE, .SQLITE_TOOBIG:
            self.init(
                .invalidSQL, "SQLite refuses the statement: \(error.message ?? "no reason given").",
                remedy: "Correct the statement.",
                cause: cause)
        default:
            self.init(
                .internalError, "The file cannot be read or written: \(error.message ?? "no reason given").",
                remedy: "Check the disk, then try again.", cause: cause)
        }
    }

    /// `satchel:CODE:PLACE: sentence`, as `RaiseSQL` writes it.
    private static func refusal(_ text: String?) -> SatchelError? {
        guard let text, text.hasPrefix(RaiseSQL.prefix) else { return nil }
        let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let code = ErrorCode(rawValue: String(parts[1]))
        return SatchelError(code, "\(parts[2]): \(parts[3].drop { $0 == " " })", remedy: remedy(code))
    }

    private static func remedy(_ code: ErrorCode) -> String {
        switch code {
        case .fieldNotWritable, .fieldNotSettable, .deleteNotPermitted, .createNotPermitted, .moveNotPermitted:
            "Ask someone whose role may do this, or your administrator for the right."
        case .noScope: "Set a territory, an owner or a parent that places the row."
        case .referenceNotVisible: "Name a row that is in this file; make a new row before others that refer to it."
        case .requiredFieldMissing: "Give the field a value."
        case .invalidID: "Let the program make the id."
        case .idImmutable: "Make a new row and delete the old one."
        case .bootstrapping: "Sync until the first checkpoint has arrived."
        default: "Correct the value."
        }
    }

    /// Runs work on the file and gives its errors their codes.
    static func mapping<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch let error as DatabaseError {
            throw SatchelError(error)
        } catch let fault as DecodingFault {
            throw SatchelError(
                .fileDamaged, "A record in the file cannot be read.", remedy: "Enrol again with a new file.", cause: "\(fault)")
        }
    }
}
