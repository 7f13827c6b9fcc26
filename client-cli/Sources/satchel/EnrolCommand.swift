import ArgumentParser
import Foundation
import SatchelCore
import SatchelProtocol
import SatchelReplica

struct EnrolCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol",
        abstract: "Take on an identity: for a new file, or a new one for this file, which keeps its queue.")

    @Option(help: ArgumentHelp("The server's address, https://HOST:PORT.", valueName: "url"))
    var server: String

    @Option(help: ArgumentHelp("The server's certificate authority, a PEM file.", valueName: "file"))
    var ca: String

    @Option(help: "The one-time code from your admin.")
    var code: String

    @Option(help: ArgumentHelp("What the admin's list calls this device.", valueName: "name"))
    var device: String?

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        guard let url = URL(string: server) else {
            throw SatchelError(
                .usage, "\(server) is not the address of a server.", remedy: "Give it as https://HOST or https://HOST:PORT.")
        }
        let replica = try await Replica.open(path: options.path)
        let identity = try await replica.enrol(
            server: url, certificateAuthority: .file(ca), code: code, device: device ?? ProcessInfo.processInfo.hostName)
        await replica.close()
        output.result(
            .members(["user": .string(identity.user), "replica": .string(identity.replica.description)]),
            "Enrolled as \(identity.user), replica \(identity.replica). Sync to fetch your data.")
    }
}
