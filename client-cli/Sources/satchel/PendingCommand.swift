import ArgumentParser
import SatchelCore
import SatchelProtocol
import SatchelReplica

struct PendingCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "pending", abstract: "What you wrote that the server has not acknowledged.")

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let pending = try await options.open().pending()
        output.table(
            .array(pending.map(Self.json)), Self.text(pending), ifEmpty: "Nothing is pending.", isEmpty: pending.isEmpty)
    }

    private static func json(_ change: PendingChange) -> JSON {
        .members([
            "transaction": .string(change.transaction.description), "table": .string(change.table),
            "id": .string(change.id.text), "op": .string(Words.operation(change.operation)),
            "fields": .array(change.fields.map(JSON.string)),
        ])
    }

    private static func text(_ pending: [PendingChange]) -> TextTable {
        var text = TextTable(["transaction", "table", "id", "op", "fields"])
        for change in pending {
            text.add([
                change.transaction.description, change.table, change.id.text, Words.operation(change.operation),
                change.fields.joined(separator: ", "),
            ])
        }
        return text
    }
}

enum Words {
    static func operation(_ operation: SatchelProtocol.Operation) -> String {
        switch operation {
        case .insert: "insert"
        case .update: "update"
        case .delete: "delete"
        }
    }
}
