import ArgumentParser
import Foundation
import SatchelProtocol
import SatchelServer

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads CSV files into the tables.",
        discussion: "Rows that cannot land are listed in import-errors.csv in the data folder; the exit code is then 4.")

    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("Which columns become which fields.", valueName: "file"))
    var mapping: String

    @Option(help: ArgumentHelp("The folder of the CSV files (default: that of the mapping).", valueName: "dir"))
    var from: String?

    func run() async throws {
        let files = from ?? URL(fileURLWithPath: mapping).deletingLastPathComponent().path
        let command = ImportCommand(common.folder, mapping: mapping, files: files)
        var warning: String?
        let summary = try await common.withGateway { gateway in
            defer { Output.endProgress() }
            return try await command.run(through: gateway, progress: Output.progress, warning: { warning = $0 })
        }
        if common.json {
            Output.json(
                .object([
                    ("rows", .number(summary.rows)), ("unchanged", .number(summary.unchanged)), ("bad", .number(summary.bad)),
                ]))
        } else {
            Output.line("\(summary.rows) rows, \(summary.unchanged) of them unchanged, \(summary.bad) bad.")
            if summary.bad > 0 { Output.error("The bad ones are listed in \(common.folder.importErrorPath).") }
        }
        if let warning { Output.error(warning) }
        if summary.bad > 0 { throw ExitCode(4) }
    }
}
