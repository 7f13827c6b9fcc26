import ArgumentParser
import SatchelServer

struct Territories: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "territory", abstract: "The territory tree.", subcommands: [List.self, Add.self, Move.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the territories, parents before their children.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            guard case .territories(let territories) = try await common.ask(.territories) else {
                throw AdminGateway.misunderstood
            }
            if common.json {
                Output.json(
                    .array(
                        territories.map {
                            .object([("id", .text($0.id)), ("name", .text($0.name)), ("parent", .text($0.parent))])
                        }))
            } else {
                Output.table(["ID", "NAME", "PARENT"], territories.map { [$0.id, $0.name, $0.parent ?? ""] })
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a territory.")

        @OptionGroup var common: CommonOptions

        @Option(help: "Its id, which it keeps.")
        var id: String

        @Option(help: "Its name.")
        var name: String

        @Option(help: "The territory above it (default: the root).")
        var parent: String?

        func run() async throws {
            _ = try await common.ask(.addTerritory(id: id, name: name, parent: parent))
            if common.json { Output.json(.object([("id", .text(id))])) } else { Output.line("Added \(id).") }
        }
    }

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Moves a territory, with all below it.")

        @OptionGroup var common: CommonOptions

        @Option(help: "The territory.")
        var id: String

        @Option(help: "The territory that it comes under.")
        var parent: String

        func run() async throws {
            _ = try await common.ask(.moveTerritory(id: id, parent: parent))
            if common.json {
                Output.json(.object([("id", .text(id)), ("parent", .text(parent))]))
            } else {
                Output.line("\(id) is under \(parent).")
            }
        }
    }
}
