import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelReplica

struct NewCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a row; prints its id.",
        discussion: "FIELD=VALUE sets a value by the field's type, FIELD= none, FIELD:=JSON a JSON value.")

    @Argument var table: String
    @Argument(help: ArgumentHelp("FIELD=VALUE, FIELD= or FIELD:=JSON.", valueName: "field=value"))
    var assignments: [String] = []

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let table = try await replica.table(named: table)
        let id = try await replica.new(table.name, try Assignment.values(assignments, table: table))
        output.result(.members(["id": .string(id.text)]), id.text)
    }
}
