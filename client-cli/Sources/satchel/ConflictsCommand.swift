import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica

struct ConflictsCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Cells that were written at the same time by several people.")

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Settle one in favour of the value that is shown.", valueName: "table> <id> <field"))
    var keep: [String] = []

    @OptionGroup var options: ReplicaOptions

    func validate() throws {
        if !keep.isEmpty, keep.count != 3 { throw ValidationError("--keep takes TABLE ID FIELD.") }
    }

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        if keep.count == 3 { try await replica.keep(keep[0], try RowArgument.id(keep[1]), keep[2]) }
        let conflicts = try await replica.conflicts()
        let schema = try await replica.schema()
        output.table(
            .array(conflicts.map { Self.json($0, schema) }), Self.text(conflicts, schema), ifEmpty: "No conflicts.",
            isEmpty: conflicts.isEmpty)
    }

    private static func json(_ conflict: Conflict, _ schema: Schema?) -> JSON {
        let type = schema?.table(conflict.table)?.field(conflict.field)?.type
        func head(_ head: Conflict.Head) -> JSON {
            .members([
                "value": type.map { Cells.json(head.value, $0) } ?? Cells.json(head.value), "user": .string(head.user),
                "at": .text(Times.text(head.milliseconds)),
            ])
        }
        return .members([
            "table": .string(conflict.table), "id": .string(conflict.id.text), "field": .string(conflict.field),
            "kept": head(conflict.kept), "lost": .array(conflict.lost.map(head)), "rule": .string(conflict.rule),
        ])
    }

    private static func text(_ conflicts: [Conflict], _ schema: Schema?) -> TextTable {
        var text = TextTable(["table", "id", "field", "", "value", "user", "at", "rule"])
        for conflict in conflicts {
            let type = schema?.table(conflict.table)?.field(conflict.field)?.type ?? .text
            func row(_ word: String, _ head: Conflict.Head) -> [String] {
                [
                    conflict.table, conflict.id.text, conflict.field, word, Cells.text(head.value, type), head.user,
                    Times.text(head.milliseconds) ?? "", conflict.rule,
                ]
            }
            text.add(row("kept", conflict.kept))
            for head in conflict.lost { text.add(row("lost", head)) }
        }
        return text
    }
}
