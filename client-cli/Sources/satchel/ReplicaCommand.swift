import ArgumentParser
import Foundation
import SatchelPolicy
import SatchelProtocol
import SatchelReplica

/// A command of the program. `run(_:)` is called with the output that `--json` chose.
protocol ReplicaCommand: ParsableCommand {
    func run(_ output: Output) async throws
}

struct ReplicaOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The replica file.", valueName: "file"))
    var replica: String?

    // Found and taken out before parsing, since it may stand anywhere; declared for the help alone.
    @Flag(name: .long, help: "Print one JSON value on standard output.")
    var json = false

    var path: String {
        if let replica { return replica }
        let named = ProcessInfo.processInfo.environment["SATCHEL_REPLICA"] ?? ""
        return named.isEmpty ? "satchel.sqlite" : named
    }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// The replica that is there. Only enrolling makes a new file.
    func open() async throws -> Replica {
        guard exists else {
            throw SatchelError(
                .notEnrolled, "There is no replica at \(path).",
                remedy: "Enrol with a code from your admin, or name the file with --replica.")
        }
        return try await Replica.open(path: path)
    }
}

extension Replica {
    /// The schema's table of that name.
    func table(named name: String) async throws -> SatchelPolicy.Table {
        guard let schema = try await schema() else {
            let status = try await status()
            throw status.state == .notEnrolled
                ? SatchelError(
                    .notEnrolled, "This file is not enrolled.", remedy: "Enrol with a code from your admin.")
                : SatchelError(.bootstrapping, "This file has no tables yet.", remedy: "Sync once, then try again.")
        }
        guard let table = schema.table(name) else {
            throw SatchelError(
                .unknownTable, "There is no table \(name).",
                remedy: "The tables are: \(schema.tables.map(\.name).joined(separator: ", ")).")
        }
        return table
    }
}
