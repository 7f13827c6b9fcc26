import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica

struct ConflictsCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "Cells that were written at the same time by several people, and your edits of rows that someone deleted.")

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Settle one in favour of what is shown; of a row as a whole, without a field.", valueName: "table> <id> <field"))
    var keep: [String] = []

    @OptionGroup var options: ReplicaOptions

    func validate() throws {
        if !keep.isEmpty, !(2...3).contains(keep.count) { throw ValidationError("--keep takes TABLE ID FIELD.") }
    }

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        if keep.count > 1 { try await replica.keep(keep[0], try RowArgument.id(keep[1]), keep.count == 3 ? keep[2] : nil) }
        let conflicts = try await replica.conflicts()
        let schema = try await replica.schema()
        output.table(
            .array(conflicts.map { Self.json($0, schema) }), Self.text(conflicts, schema), ifEmpty: "No conflicts.",
            isEmpty: conflicts.isEmpty)
    }

    static func json(_ conflict: Conflict, _ schema: Schema?) -> JSON {
        let type = type(of: conflict, schema)
        func head(_ head: Conflict.Head?) -> JSON {
            let value = head.map { head in type.map { Cells.json(head.value, $0) } ?? Cells.json(head.value) }
            return .members([
                "value": value ?? .null, "user": .text(head?.user), "at": .text(Times.text(head?.milliseconds)),
            ])
        }
        return .members([
            "table": .string(conflict.table), "id": .string(conflict.id.text), "field": .text(conflict.field),
            "kept": head(conflict.kept), "lost": .array(conflict.lost.map(head)), "rule": .string(conflict.rule),
        ])
    }

    static func text(_ conflicts: [Conflict], _ schema: Schema?) -> TextTable {
        var text = TextTable(["table", "id", "field", "", "value", "user", "at", "rule"])
        for conflict in conflicts {
            let type = type(of: conflict, schema) ?? .text
            func row(_ word: String, _ head: Conflict.Head?, _ value: String) -> [String] {
                [
                    conflict.table, conflict.id.text, conflict.field ?? "(row)", word, value, head?.user ?? "",
                    Times.text(head?.milliseconds) ?? "", conflict.rule,
                ]
            }
            let shown = conflict.kept.map { Cells.text($0.value, type) } ?? "(the row was deleted)"
            text.add(row("kept", conflict.kept, shown))
            for head in conflict.lost {
                text.add(row("lost", head, conflict.field == nil ? "(your change of the row)" : Cells.text(head.value, type)))
            }
        }
        return text
    }

    private static func type(of conflict: Conflict, _ schema: Schema?) -> FieldType? {
        conflict.field.flatMap { schema?.table(conflict.table)?.field($0)?.type }
    }
}
