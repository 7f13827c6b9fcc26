import Foundation
import SatchelPolicy
import SatchelProtocol
import SwiftASN1
import X509

/// The certificate and key in a data folder's `tls`.
struct CertificateFolder {
    private let folder: DataFolder

    init(_ folder: DataFolder) { self.folder = folder }

    /// Puts a certificate and its key in place of what is there, once they are known to be good: a pair, and valid today.
    ///
    /// Two files cannot change at one instant. A crash in between leaves a pair that does not fit, with which the server does not start
    /// and says so; repeating the command mends it.
    /// - Throws: `file-invalid`, `certificate-invalid`, and what writing throws.
    func replace(_ files: CertificateFiles, now: UInt64) throws -> CertificateReply {
        let certificate = try Self.check(files, now)
        try folder.createTLS()
        let (chain, key) = (folder.certificatePath + ".new", folder.keyPath + ".new")
        for path in [chain, key] { unlink(path) }
        do {
            try NewFile.write(Array(files.key.utf8), to: key, mode: 0o600)
            try NewFile.write(Array(files.chain.utf8), to: chain, mode: 0o644)
            for (new, old) in [(key, folder.keyPath), (chain, folder.certificatePath)] where rename(new, old) != 0 {
                throw SatchelError(
                    .dataFolderInvalid, "\(old) cannot be replaced: \(String(cString: strerror(errno))).",
                    remedy: "Check who may write there, and repeat the command.")
            }
            return Self.reply(certificate)
        } catch {
            for path in [chain, key] { unlink(path) }
            throw error
        }
    }

    /// - Throws: `file-invalid`, `certificate-invalid`.
    static func check(_ files: CertificateFiles, _ now: UInt64) throws -> Certificate {
        _ = try ServerTLS.configuration(chain: files.chain, key: files.key, closing: .seconds(1))
        let certificate = try leaf(files.chain)
        try checkDates(certificate, now)
        return certificate
    }

    func read() throws -> CertificateReply {
        Self.reply(
            try Self.leaf(String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder.certificatePath)), as: UTF8.self)))
    }

    /// Reads the files that a command names.
    static func load(certificate: String, key: String) throws -> CertificateFiles {
        func text(_ path: String) throws -> String {
            guard let handle = FileHandle(forReadingAtPath: path),
                let data = try? handle.read(upToCount: AdminLimits.certificateBytes + 1),
                data.count <= AdminLimits.certificateBytes,
                let text = String(validating: data, as: UTF8.self)
            else {
                throw SatchelError(
                    .fileInvalid, "The file \(path) cannot be read as PEM text.",
                    remedy: "Check that it exists and may be read.")
            }
            return text
        }
        return CertificateFiles(chain: try text(certificate), key: try text(key))
    }

    /// The server's own certificate is the first of its chain.
    private static func leaf(_ chain: String) throws -> Certificate {
        let end = "-----END CERTIFICATE-----"
        guard let begin = chain.range(of: "-----BEGIN CERTIFICATE-----"),
            let last = chain.range(of: end, range: begin.upperBound..<chain.endIndex),
            let certificate = try? Certificate(pemEncoded: String(chain[begin.lowerBound..<last.upperBound]))
        else {
            throw SatchelError(
                .fileInvalid, "The certificate file holds no certificate.",
                remedy: "Give a PEM file, the server's certificate first.")
        }
        return certificate
    }

    private static func checkDates(_ certificate: Certificate, _ now: UInt64) throws {
        let now = Date(timeIntervalSince1970: Double(now) / 1000)
        guard certificate.notValidBefore <= now, now < certificate.notValidAfter else {
            throw SatchelError(
                .certificateInvalid,
                "The certificate is valid from \(moment(certificate.notValidBefore)) to \(moment(certificate.notValidAfter)), not now.",
                remedy: "Give one that is valid today, and check this machine's clock.")
        }
    }

    private static func reply(_ certificate: Certificate) -> CertificateReply {
        CertificateReply(subject: certificate.subject.description, expires: moment(certificate.notValidAfter))
    }

    private static func moment(_ date: Date) -> String { CivilTime.text(Int64(date.timeIntervalSince1970) * 1000) ?? "" }
}
