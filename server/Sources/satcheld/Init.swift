import ArgumentParser
import SatchelProtocol
import SatchelServer

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the data folder of a new organisation.",
        discussion:
            "Without a certificate a development authority is made, and a certificate for localhost and 127.0.0.1 under it.")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("The tables and their fields.", valueName: "file"))
    var schema: String

    @Option(help: ArgumentHelp("The roles and what each may do.", valueName: "file"))
    var policy: String

    @Option(help: ArgumentHelp("The territories, the users and their grants.", valueName: "file"))
    var organisation: String

    @Option(help: ArgumentHelp("The server's certificate with its chain (PEM).", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"))
    var tlsKey: String?

    func validate() throws {
        if (tlsCert == nil) != (tlsKey == nil) { throw ValidationError("--tls-cert and --tls-key go together.") }
    }

    func run() async throws {
        var certificate: (chain: String, key: String)?
        if let tlsCert, let tlsKey { certificate = (tlsCert, tlsKey) }
        let result = try OrganisationStart(common.folder).run(
            schema: schema, policy: policy, organisation: organisation, certificate: certificate)
        if common.json {
            Output.json(
                .object([
                    ("organisation", .text(result.organisation)), ("territories", .number(result.territories)),
                    ("users", .number(result.users)), ("ca", .text(result.authority)),
                ]))
        } else {
            Output.line(
                "Made \(result.organisation) in \(common.folder.path): \(result.territories) territories, \(result.users) users."
            )
            if let authority = result.authority { Output.line("Clients trust it by \(authority).") }
            Output.line("Next: satcheld serve --data \(common.data)")
        }
    }
}
