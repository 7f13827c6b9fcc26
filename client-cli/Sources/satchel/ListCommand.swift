import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica

struct ListCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The rows of a table.")

    @Argument var table: String

    @Option(name: .customLong("where"), help: ArgumentHelp("An SQL condition on the table's fields.", valueName: "sql"))
    var condition: String?

    @Option(help: ArgumentHelp("At most so many rows.", valueName: "n"))
    var limit: Int?

    @OptionGroup var options: ReplicaOptions

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit takes a number from 0.") }
    }

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let table = try await replica.table(named: table)
        let rows = try await replica.rows(table.name, where: condition, limit: limit)
        output.table(
            .array(rows.map { Cells.json($0, table) }), Self.text(rows, table), ifEmpty: "No rows.", isEmpty: rows.isEmpty)
    }

    private static func text(_ rows: [ReplicaRow], _ table: SatchelPolicy.Table) -> TextTable {
        var text = TextTable(["id"] + table.fields.map(\.name), numeric: numeric(table))
        for row in rows {
            text.add([row.id.text] + zip(table.fields, row.cells).map { Cells.text($1, $0.type) })
        }
        return text
    }

    private static func numeric(_ table: SatchelPolicy.Table) -> Swift.Set<Int> {
        Swift.Set(
            table.fields.enumerated().compactMap { index, field in
                switch field.type {
                case .integer, .real, .decimal: index + 1
                default: nil
                }
            })
    }
}
