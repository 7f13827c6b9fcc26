import ArgumentParser
import Foundation
import SatchelServer

struct BackUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Writes a copy of the store, while it is served or not.",
        discussion: "The server's README says how to restore it. The file holds the server's secrets and everything else.")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("A file that is not there yet.", valueName: "file"))
    var to: String

    func run() async throws {
        // The server has another working folder.
        let path = URL(fileURLWithPath: to).standardizedFileURL.path
        guard case .backup(let backup) = try await common.ask(.backup(path: path)) else { throw AdminGateway.misunderstood }
        if common.json {
            Output.json(
                .object([
                    ("path", .text(backup.path)), ("bytes", .number(backup.bytes)),
                    ("position", .number(Int(clamping: backup.position))),
                ]))
        } else {
            Output.line("Wrote \(backup.path): \(backup.bytes) bytes, up to position \(backup.position).")
        }
    }
}

struct InstallCertificate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate", abstract: "Puts another certificate in place; new connections get it at once.")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The certificate with its chain (PEM).", valueName: "file"))
    var cert: String

    @Option(help: ArgumentHelp("Its private key (PEM).", valueName: "file"))
    var key: String

    func run() async throws {
        let files = try CertificateFiles.load(certificate: cert, key: key)
        guard case .certificate(let certificate) = try await common.ask(.certificate(files)) else {
            throw AdminGateway.misunderstood
        }
        if common.json {
            Output.json(.object([("subject", .text(certificate.subject)), ("expires", .text(certificate.expires))]))
        } else {
            Output.line("Installed \(certificate.subject), good until \(certificate.expires).")
        }
    }
}
