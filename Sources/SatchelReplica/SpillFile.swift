import SatchelProtocol
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file without a name, in the replica's own folder: what it holds is gone when the process is, however that ends, so that
/// nothing that was received and not applied stays behind on the disk.
final class SpillFile: Sendable {
    private let descriptor: Int32
    private let fault = Mutex<SatchelError?>(nil)

    /// - Parameter path: of the replica; the file is made beside it.
    init(beside path: String) throws {
        var template = Array("\(path)-pull-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Self.failure("A temporary file beside \(path) cannot be made.") }
        unlink(template)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws {
        let written = bytes.withUnsafeBytes { DescriptorFile.write($0, to: descriptor) }
        guard written == bytes.count else { throw Self.failure("What the server sent cannot be kept on the disk.") }
    }

    /// - Returns: what was read, at most `count` bytes; empty at the end, and when reading failed: `check` tells which.
    func read(at offset: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
        if got < 0 {
            let error = Self.failure("What the server sent cannot be read back from the disk.")
            fault.withLock { $0 = error }
            return []
        }
        bytes.removeSubrange(got...)
        return bytes
    }

    func fail(_ error: SatchelError) { fault.withLock { $0 = error } }

    /// - Throws: what went wrong while it was read.
    func check() throws {
        if let error = fault.withLock({ $0 }) { throw error }
    }

    private static func failure(_ message: String) -> SatchelError {
        let code = errno
        return SatchelError(
            code == ENOSPC || code == EDQUOT ? .diskFull : .internalError, message,
            remedy: "Free some space on the disk and sync again.", cause: String(cString: strerror(code)))
    }
}
