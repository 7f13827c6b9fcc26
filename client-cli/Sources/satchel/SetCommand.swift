import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelReplica

struct SetCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a row.",
        discussion: "FIELD=VALUE sets a value by the field's type, FIELD= none, FIELD:=JSON a JSON value.")

    @Argument var table: String
    @Argument var id: String
    @Argument(help: ArgumentHelp("FIELD=VALUE, FIELD= or FIELD:=JSON.", valueName: "field=value"))
    var assignments: [String]

    @OptionGroup var options: ReplicaOptions

    func validate() throws {
        if assignments.isEmpty { throw ValidationError("Say what to set: FIELD=VALUE.") }
    }

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let table = try await replica.table(named: table)
        let id = try RowArgument.id(id)
        try await replica.set(table.name, id, try Assignment.values(assignments, table: table))
        output.result(.members(["id": .string(id.text)]), "Changed \(table.name) \(TextTable.printable(id.text)).")
    }
}
