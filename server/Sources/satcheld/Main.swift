import ArgumentParser
import Foundation
import SatchelProtocol

/// The admin's program: makes an organisation's data folder, serves it, and administers it whether or not it is served.
@main
struct Satcheld: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satcheld",
        abstract: "Serves an organisation to its reps' laptops, and administers it.",
        discussion: "Exit codes: 0 done, 1 failed, 2 usage, 4 done but something was refused.",
        version: "satcheld 0.1, wire \(Limits.wireVersion)",
        subcommands: [
            Init.self, Serve.self, Status.self, Import.self, EnrolCode.self, Grant.self, Revoke.self, Territories.self,
            Users.self,
            Replicas.self, BackUp.self, InstallCertificate.self,
        ])

    static func main() async {
        do {
            if let fault = ArgumentBytes.fault() { throw fault }
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            Foundation.exit(Report(isJSON: CommandLine.arguments.contains("--json")).failure(error))
        }
    }
}

/// How a command ends when it has not simply done what was asked (COMMANDS.md, "Both programs").
struct Report {
    let isJSON: Bool

    /// Tells what went wrong, where the reader of this output looks for it.
    /// - Returns: the exit code.
    func failure(_ error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        if let error = error as? SatchelError { return tell(error) }
        let parsing = Satcheld.exitCode(for: error)
        let text = Satcheld.fullMessage(for: error)
        // Help and the version were asked for.
        if parsing == .success {
            print(text)
            return 0
        }
        if parsing == .validationFailure {
            if isJSON { return tell(SatchelError(.usage, Satcheld.message(for: error), remedy: "See satcheld --help.")) }
            Output.error(text)
            return 2
        }
        return tell(SatchelError(.internalError, "The command failed.", remedy: "Report this.", cause: "\(error)"))
    }

    private func tell(_ error: SatchelError) -> Int32 {
        if isJSON {
            Output.json(
                .object([
                    (
                        "error",
                        .object([
                            ("code", .text(error.code.rawValue)), ("message", .text(error.message)),
                            ("remedy", .text(error.remedy)),
                        ])
                    )
                ]))
        } else {
            // Problems of files come one a line.
            let isList = error.message.contains("\n")
            Output.error(isList ? "\(error.message)\n\(error.remedy)" : "\(error.message) \(error.remedy)")
            if error.code == .internalError, let cause = error.cause { Output.error("Cause: \(cause)") }
        }
        return error.code == .usage ? 2 : 1
    }
}
