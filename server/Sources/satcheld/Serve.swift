import ArgumentParser
import Foundation
import Logging
import SatchelProtocol
import SatchelServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves the organisation until SIGTERM.",
        discussion: "Standard output carries one line, `ready https://HOST:PORT`; the log goes to standard error.")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Where to listen; port 0 picks one.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 7443)

    @Option(help: ArgumentHelp("How much to log: trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = Logger.Level.info

    @Option(help: "How to write the log: text or json.")
    var logFormat = LogFormat.text

    func run() async throws {
        let (level, format) = (logLevel, logFormat)
        LoggingSystem.bootstrap { StandardErrorLog(label: $0, level: level, format: format) }
        try await ServeCommand(common.folder, host: listen.host, port: listen.port, logger: Logger(label: "satcheld")).run {
            address in
            // Written at once: whoever started this waits for it.
            Output.line("ready \(address)")
        }
    }
}

/// `HOST:PORT`; an IPv6 address stands in brackets.
struct ListenAddress: ExpressibleByArgument {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(argument[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty, !host.contains("[") else { return nil }
        self.init(host: host, port: port)
    }

    var defaultValueDescription: String { "\(host):\(port)" }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
