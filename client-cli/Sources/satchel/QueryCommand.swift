import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelReplica

struct QueryCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(commandName: "sql", abstract: "Run one SELECT; nothing can be written.")

    @Argument(help: "The statement.")
    var statement: String

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let result = try await options.open().query(statement)
        output.table(
            .array(
                result.rows.map { row in
                    .object(zip(result.columns, row).map { JSON.Member(name: $0, value: Cells.json($1)) })
                }),
            Self.text(result), ifEmpty: "No rows.", isEmpty: result.rows.isEmpty)
    }

    private static func text(_ result: QueryResult) -> TextTable {
        var text = TextTable(result.columns)
        for row in result.rows { text.add(row.map { Cells.text($0, .text) }) }
        return text
    }
}
