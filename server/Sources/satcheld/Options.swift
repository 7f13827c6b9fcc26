import ArgumentParser
import Logging
import SatchelProtocol
import SatchelServer

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The organisation's data folder.", valueName: "dir"))
    var data: String

    @Flag(help: "Write one JSON value to standard output.")
    var json = false

    var folder: DataFolder { DataFolder(data) }

    /// Asks the running server, or works on the store where none runs.
    func ask(_ request: AdminRequest) async throws -> AdminReply {
        try await withGateway { try await $0.ask(request) }
    }

    func withGateway<Result>(_ body: (AdminGateway) async throws -> Result) async throws -> Result {
        let gateway = try await AdminGateway.open(folder, logger: Logger(label: "satcheld"))
        do {
            let result = try await body(gateway)
            try gateway.close()
            return result
        } catch {
            try? gateway.close()
            throw error
        }
    }
}
