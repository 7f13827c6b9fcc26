import ArgumentParser
import Foundation
import SatchelProtocol

/// The rep's program. Exit codes and JSON shapes: `COMMANDS.md`.
@main
struct Satchel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel",
        abstract: "Your customers in an ordinary SQLite file, with or without a network.",
        discussion: """
            The file is the one that --replica names, else SATCHEL_REPLICA, else satchel.sqlite. With --json, which may stand \
            anywhere, standard output carries one JSON value.

            Exit codes: 0 done, 1 failed, 2 usage, 3 server not reachable (your work is safe and goes on offline), 4 done, but \
            something was refused, 5 must enrol again.
            """,
        version: VersionCommand.text,
        subcommands: [
            EnrolCommand.self, SyncCommand.self, StatusCommand.self, TablesCommand.self, ListCommand.self, ShowCommand.self,
            NewCommand.self, SetCommand.self, DeleteCommand.self, PendingCommand.self, RefusedCommand.self,
            ConflictsCommand.self, QueryCommand.self, VerifyCommand.self, VersionCommand.self,
        ])

    static func main() async {
        let invocation = Invocation(Array(CommandLine.arguments.dropFirst()))
        if let fault = ArgumentBytes.fault() {
            invocation.output.failure(fault)
            Foundation.exit(ProgramStatus(fault).rawValue)
        }
        Foundation.exit(await invocation.run().rawValue)
    }
}
