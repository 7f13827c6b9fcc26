import Foundation
import SatchelProtocol

/// Files that hold secrets: there with their final mode from the first moment, or not at all, and never over another file.
enum NewFile {
    /// - Throws: `SatchelError` `.alreadyExists`, `.diskFull` or `.dataFolderInvalid`.
    static func write(_ bytes: [UInt8], to path: String, mode: UInt32) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw fault(path, errno) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw fault(path, errno)
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw fault(path, errno) }
    }

    private static func fault(_ path: String, _ code: Int32) -> SatchelError {
        let cause = String(cString: strerror(code))
        switch code {
        case EEXIST:
            return SatchelError(
                .alreadyExists, "The file \(path) is there already.", remedy: "Move it away first.", cause: cause)
        case ENOSPC, EDQUOT:
            return SatchelError(
                .diskFull, "There is no room to write \(path).", remedy: "Free some space and try again.", cause: cause)
        default:
            return SatchelError(
                .dataFolderInvalid, "The file \(path) cannot be written: \(cause).", remedy: "Check who may write there.",
                cause: cause)
        }
    }
}
