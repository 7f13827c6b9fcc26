import GRDB
import SatchelCore
import SatchelProtocol

extension SatchelError {
    /// What SQLite said, as an error of ours. Everything else stays what it is.
    /// - Parameter path: the store's file, for the message.
    package static func storage(_ error: any Error, path: String) -> any Error {
        if error is DecodingFault { return damaged("a record that cannot be read", cause: "\(error)") }
        guard let failure = error as? DatabaseError else { return error }
        let cause = "SQLite \(failure.extendedResultCode.rawValue): \(failure.message ?? "no message")"
        switch failure.resultCode {
        case .SQLITE_FULL:
            return SatchelError(
                .diskFull, "There is no room left for \(path).",
                remedy: "Free some space on that disk; nothing was lost and nothing half written.", cause: cause)
        case .SQLITE_CORRUPT:
            return damaged("a damaged page", cause: cause)
        case .SQLITE_NOTADB:
            return SatchelError(
                .dataFolderInvalid, "\(path) is not a Satchel server's database.",
                remedy: "Give the folder that `satcheld init` made.", cause: cause)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return SatchelError(
                .dataFolderInvalid, "\(path) cannot be opened for writing.",
                remedy: "Give the folder that `satcheld init` made, as the user that owns it.", cause: cause)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return SatchelError(
                .fileBusy, "\(path) is held by another program.", remedy: "End that program, or try again.", cause: cause)
        default:
            return SatchelError(
                .internalError, "The store failed.", remedy: "Report this with the server's log; nothing was half written.",
                cause: cause)
        }
    }

    static func damaged(_ what: String, cause: String? = nil) -> SatchelError {
        SatchelError(
            .fileDamaged, "The server's database holds \(what).",
            remedy: "Stop the server, keep a copy of its folder, and restore a backup.", cause: cause)
    }
}
