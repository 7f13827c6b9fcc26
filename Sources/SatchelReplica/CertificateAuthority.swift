import Foundation
import NIOSSL
import SatchelProtocol

/// The certificates that a server's certificate must lead to. Nothing else on the device is trusted: an organisation's
/// replicas speak to its own server and to no other.
public enum CertificateAuthority: Sendable, Hashable {
    /// A PEM file.
    case file(String)
    /// PEM text.
    case pem(String)

    /// The PEM text.
    ///
    /// - Throws: `SatchelError` `.certificateAuthorityMissing` when the file is not there, cannot be read, or holds no certificate.
    func text() throws -> String {
        switch self {
        case .pem(let text):
            _ = try Self.certificates(in: text, named: "the given certificate authority")
            return text
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Self.missing("The certificate authority file \(path) is not there or cannot be read.")
            }
            let text = String(decoding: data, as: UTF8.self)
            _ = try Self.certificates(in: text, named: path)
            return text
        }
    }

    static func certificates(in text: String, named name: String) throws -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(Array(text.utf8))
        } catch {
            throw missing("No certificate can be read from \(name).", cause: "\(error)")
        }
        guard !certificates.isEmpty else { throw missing("There is no certificate in \(name).") }
        return certificates
    }

    private static func missing(_ message: String, cause: String? = nil) -> SatchelError {
        SatchelError(
            .certificateAuthorityMissing, message,
            remedy: "Ask the admin for the server's CA file (ca.pem) and name it when enrolling.", cause: cause)
    }
}
