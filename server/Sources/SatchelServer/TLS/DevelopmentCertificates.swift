import Crypto
import Foundation
import SatchelProtocol
import SwiftASN1
import X509

/// A certificate authority of one's own and a server certificate for this machine, for when the admin brings none.
public enum DevelopmentCertificates {
    /// Ten years: every enrolled device keeps the authority, and a new one would mean to visit them all.
    static let authorityDays = 3650.0
    /// What Apple's systems accept of a certificate under an authority that a user installed.
    static let serverDays = 825.0

    public static func authorityPath(in dataFolder: String) -> String { dataFolder + "/tls/ca.pem" }
    public static func certificatePath(in dataFolder: String) -> String { dataFolder + "/tls/cert.pem" }
    public static func keyPath(in dataFolder: String) -> String { dataFolder + "/tls/key.pem" }
    static func authorityKeyPath(in dataFolder: String) -> String { dataFolder + "/tls/ca-key.pem" }

    /// Writes `tls/ca.pem`, `tls/ca-key.pem`, `tls/cert.pem` and `tls/key.pem` into a data folder, for `localhost` and
    /// `127.0.0.1`; the keys with mode 0600. ECDSA on P-256, which every TLS library speaks.
    ///
    /// - Parameter now: the moment from which they are valid, less an hour for clocks that are slow.
    /// - Throws: `SatchelError` `.alreadyExists` if one of the files is there, `.dataFolderInvalid` if they cannot be written.
    public static func create(in dataFolder: String, now: Date = Date()) throws {
        let folder = dataFolder + "/tls"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SatchelError(
                .dataFolderInvalid, "The folder \(folder) cannot be made.", remedy: "Check who may write there.",
                cause: "\(error)")
        }
        let start = now.addingTimeInterval(-3600)
        let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let authority = try authority(authorityKey, from: start)
        let serverKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let server = try server(serverKey, under: authority, signedBy: authorityKey, from: start)
        for (path, document, mode) in [
            (authorityKeyPath(in: dataFolder), try authorityKey.serializeAsPEM(), 0o600),
            (keyPath(in: dataFolder), try serverKey.serializeAsPEM(), 0o600),
            (certificatePath(in: dataFolder), try server.serializeAsPEM(), 0o644),
            (authorityPath(in: dataFolder), try authority.serializeAsPEM(), 0o644),
        ] {
            try NewFile.write(Array((document.pemString + "\n").utf8), to: path, mode: UInt32(mode))
        }
    }

    private static func authority(_ key: Certificate.PrivateKey, from start: Date) throws -> Certificate {
        let name = try DistinguishedName {
            OrganizationName("Satchel development")
            // Two servers' authorities in one trust store must not pass for each other.
            CommonName("Satchel development CA \(UInt32.random(in: .min ... .max))")
        }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: start,
            notValidAfter: start.addingTimeInterval(authorityDays * 86_400), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
    }

    private static func server(
        _ key: Certificate.PrivateKey, under authority: Certificate, signedBy authorityKey: Certificate.PrivateKey,
        from start: Date
    ) throws -> Certificate {
        let address = ASN1OctetString(contentBytes: [127, 0, 0, 1])
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: start,
            notValidAfter: start.addingTimeInterval(serverDays * 86_400), issuer: authority.subject,
            subject: try DistinguishedName {
                OrganizationName("Satchel development")
                CommonName("localhost")
            },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([.dnsName("localhost"), .ipAddress(address)])
                SubjectKeyIdentifier(hash: key.publicKey)
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: authorityKey.publicKey).keyIdentifier)
            },
            issuerPrivateKey: authorityKey)
    }
}
