import Crypto
import Foundation
import SatchelProtocol

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The key pair in a file of its own, `FILE.key` beside the replica: 32 bytes, readable by its owner alone. The candidate of
/// an enrolment under way is in `FILE.key.new`.
public struct FileKeyStore: KeyStore {
    /// The file of the current pair.
    public let path: String

    /// - Parameter path: the file of the key.
    public init(path: String) { self.path = path }

    /// The key that belongs to a replica file.
    public init(replica: String) { self.init(path: replica + ".key") }

    public func make() throws -> [UInt8] {
        let key = Curve25519.Signing.PrivateKey()
        let file = path(of: .candidate)
        if unlink(file) != 0, errno != ENOENT { throw failure("The key file \(file) cannot be replaced.") }
        try key.rawRepresentation.withUnsafeBytes { try write($0, to: file) }
        return Array(key.publicKey.rawRepresentation)
    }

    public func load(_ slot: KeySlot) throws -> [UInt8]? {
        try read(slot).map { Array($0.publicKey.rawRepresentation) }
    }

    public func sign(_ content: [UInt8], with slot: KeySlot) throws -> [UInt8] {
        guard let key = try read(slot) else { throw SatchelError.keyMissing("The key file \(path(of: slot)) is not there.") }
        return Array(try key.signature(for: content))
    }

    public func promote() throws {
        if rename(path(of: .candidate), path) != 0 {
            if errno == ENOENT { return }
            throw failure("The key file \(path) cannot be replaced.")
        }
        try syncFolder()
    }

    private func path(of slot: KeySlot) -> String {
        switch slot {
        case .current: path
        case .candidate: path + ".new"
        }
    }

    /// Made exclusively, so that nobody's file or link is written into, and private from its first byte.
    private func write(_ bytes: UnsafeRawBufferPointer, to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("The key file \(file) cannot be made.") }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { throw failure("The key file \(file) cannot be made private.") }
        let written = DescriptorFile.write(bytes, to: descriptor)
        guard written == bytes.count, fsync(descriptor) == 0 else {
            let error = failure("The key file \(file) cannot be written.")
            unlink(file)
            throw error
        }
        try syncFolder()
    }

    /// The modes are asked of the opened file, so that nobody can put another in its place in between.
    private func read(_ slot: KeySlot) throws -> Curve25519.Signing.PrivateKey? {
        let file = path(of: slot)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("The key file \(file) cannot be opened.")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("The key file \(file) cannot be examined.") }
        guard status.st_mode & 0o077 == 0 else {
            throw SatchelError(
                .keyNotPrivate, "The key file \(file) may be read by others.",
                remedy: "Make it private with chmod 600; if someone may have copied it, enrol again as well.")
        }
        var bytes = [UInt8](repeating: 0, count: Self.keyBytes + 1)
        let count = bytes.withUnsafeMutableBytes { DescriptorFile.read(into: $0, from: descriptor) }
        guard count == Self.keyBytes,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.prefix(Self.keyBytes))
        else {
            throw SatchelError(
                .fileDamaged, "The file \(file) is not a device key.",
                remedy: "Move it away and enrol again with a new code; pending work stays.")
        }
        return key
    }

    private static let keyBytes = 32

    /// A new name is only durable once its folder is.
    private func syncFolder() throws {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("The folder \(folder) cannot be opened.") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("The folder \(folder) cannot be made durable.") }
    }

    private func failure(_ message: String) -> SatchelError {
        let code = errno
        let cause = String(cString: strerror(code))
        if code == ENOSPC || code == EDQUOT {
            return SatchelError(.diskFull, message, remedy: "Free some space on the disk and try again.", cause: cause)
        }
        return SatchelError(
            .keyMissing, "\(message) (\(cause))", remedy: "Give this user the right to read and write it and its folder.",
            cause: cause)
    }
}
