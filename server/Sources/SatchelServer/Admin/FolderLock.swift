import Foundation
import SatchelProtocol

/// The lock on a data folder: whoever holds it may write the store. The system lets go of it when the process ends, however
/// it ends.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Lets another take it, before this object goes.
    func release() { flock(descriptor, LOCK_UN) }

    /// - Returns: nil while another holds it.
    /// - Throws: `data-folder-invalid` when the lock file cannot be opened.
    public static func take(_ folder: DataFolder) throws -> FolderLock? {
        // Not inherited by programs that this one starts: they would hold the lock on.
        let descriptor = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw SatchelError(
                .dataFolderInvalid, "The lock \(folder.lockPath) cannot be opened: \(String(cString: strerror(errno))).",
                remedy: "Run satcheld as the user whose folder it is.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        return FolderLock(descriptor: descriptor)
    }
}
