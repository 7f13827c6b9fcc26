import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelReplica

struct DeleteCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete a row.")

    @Argument var table: String
    @Argument var id: String

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let table = try await replica.table(named: table)
        let id = try RowArgument.id(id)
        try await replica.delete(table.name, id)
        output.result(.members(["id": .string(id.text)]), "Deleted \(table.name) \(TextTable.printable(id.text)).")
    }
}
