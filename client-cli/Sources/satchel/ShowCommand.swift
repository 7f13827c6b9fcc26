import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica

struct ShowCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "One row.")

    @Argument var table: String
    @Argument var id: String

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let table = try await replica.table(named: table)
        guard let row = try await replica.row(table.name, try RowArgument.id(id)) else {
            throw RowArgument.notFound(table.name, id)
        }
        output.result(Cells.json(row, table), Self.text(row, table))
    }

    private static func text(_ row: ReplicaRow, _ table: SatchelPolicy.Table) -> String {
        let width = (table.fields.map(\.name) + ["id"]).map(\.count).max() ?? 0
        let lines = [("id", row.id.text)] + zip(table.fields, row.cells).map { ($0.name, Cells.text($1, $0.type)) }
        return lines.map { name, value in
            let padding = String(repeating: " ", count: width - name.count + 2)
            return value.isEmpty ? name : name + padding + TextTable.printable(value)
        }.joined(separator: "\n")
    }
}

/// A row id from the command line.
enum RowArgument {
    static func id(_ text: String) throws -> RowID {
        guard let id = RowID(text) else {
            throw SatchelError(
                .invalidID, "A row id has 1 to \(RowID.maximumBytes) bytes and no NUL.",
                remedy: "List the table to see its ids.")
        }
        return id
    }

    static func notFound(_ table: String, _ id: String) -> SatchelError {
        SatchelError(.notFound, "There is no row \(id) in \(table) here.", remedy: "List the table to see which rows are here.")
    }
}
