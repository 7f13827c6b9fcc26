import Foundation
import SatchelProtocol

/// The folder that holds everything a server keeps (COMMANDS.md): the store, the lock, the admin's socket, the certificates.
public struct DataFolder: Sendable, Hashable {
    /// Absolute.
    public let path: String

    public init(_ path: String) { self.path = URL(fileURLWithPath: path).standardizedFileURL.path }

    public var storePath: String { path + "/satchel.sqlite" }
    public var lockPath: String { path + "/lock" }
    public var socketPath: String { path + "/admin.sock" }
    public var tlsPath: String { path + "/tls" }
    public var certificatePath: String { tlsPath + "/cert.pem" }
    public var keyPath: String { tlsPath + "/key.pem" }
    /// What clients trust, where the certificate is our own.
    public var authorityPath: String { tlsPath + "/ca.pem" }
    public var importErrorPath: String { path + "/import-errors.csv" }

    public var holdsStore: Bool { access(storePath, F_OK) == 0 }

    /// Makes the folder, for its owner alone.
    /// - Throws: `already-exists` where an organisation is, `data-folder-invalid` where the folder cannot be made or used, or its
    ///   path is too long.
    public func create() throws {
        if holdsStore {
            throw SatchelError(
                .alreadyExists, "The folder \(path) holds an organisation already.",
                remedy: "Serve it, or begin another organisation in another folder.")
        }
        try LocalSocket.checkLength(socketPath)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw invalid("The folder \(path) cannot be made.", "Check its parent folder and your rights there.", error)
        }
        try restrict(path)
    }

    public func createTLS() throws {
        if mkdir(tlsPath, 0o700) != 0, errno != EEXIST {
            throw invalid("The folder \(tlsPath) cannot be made.", "Check your rights in \(path).")
        }
        try restrict(tlsPath)
    }

    /// - Throws: `data-folder-invalid` when `satcheld init` has not made this folder, or it is not ours to use.
    public func check() throws {
        guard access(path, F_OK) == 0 else {
            throw invalid("There is no folder \(path).", "Check --data, or make it with satcheld init.")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw invalid("You may not use the folder \(path).", "Run satcheld as the user whose folder it is.")
        }
        guard holdsStore else {
            throw invalid("The folder \(path) holds no organisation.", "Check --data, or make it with satcheld init.")
        }
    }

    private func restrict(_ folder: String) throws {
        guard chmod(folder, 0o700) == 0 else {
            throw invalid("The folder \(folder) cannot be closed to other users.", "Use a folder of your own.")
        }
    }

    private func invalid(_ message: String, _ remedy: String, _ cause: (any Error)? = nil) -> SatchelError {
        SatchelError(.dataFolderInvalid, message, remedy: remedy, cause: cause.map { "\($0)" })
    }
}
