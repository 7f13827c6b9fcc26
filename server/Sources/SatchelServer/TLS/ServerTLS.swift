import Foundation
import NIOCore
import NIOSSL
import SatchelProtocol

/// What the server speaks: TLS 1.3, or 1.2 with forward secrecy and authenticated encryption (DESIGN §10).
enum ServerTLS {
    /// The ciphers of TLS 1.2; those of 1.3 are all authenticated.
    static let ciphers: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// - Parameters:
    ///   - certificate: a PEM file: the server's certificate, then those that lead to the authority.
    ///   - key: a PEM file: its private key.
    /// - Throws: `SatchelError` `.fileInvalid` if one of them cannot be read, or the key is not the certificate's.
    static func configuration(certificate: String, key: String, closing: Duration) throws -> TLSConfiguration {
        try configuration(chain: text(certificate), key: text(key), closing: closing)
    }

    /// The same from PEM text.
    static func configuration(chain: String, key: String, closing: Duration) throws -> TLSConfiguration {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
        } catch { throw invalid("The certificate cannot be read.", error) }
        guard !certificates.isEmpty else { throw invalid("There is no certificate in the certificate's file.", nil) }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        } catch { throw invalid("The certificate's private key cannot be read.", error) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = ciphers
        configuration.shutdownTimeout = TimeAmount(closing)
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch { throw invalid("The private key does not belong to the certificate.", error) }
        return configuration
    }

    private static func text(_ path: String) throws -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw invalid("The file \(path) cannot be read.", error)
        }
    }

    private static func invalid(_ message: String, _ error: (any Error)?) -> SatchelError {
        SatchelError(
            .fileInvalid, message, remedy: "Give a certificate and its own private key, both as PEM files.",
            cause: error.map { "\($0)" })
    }
}
