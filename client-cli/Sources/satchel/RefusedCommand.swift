import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica

struct RefusedCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "refused", abstract: "What the server refused, with the reason; it is kept until you decide.")

    @Option(help: ArgumentHelp("Write a refused change once more.", valueName: "id"))
    var retry: String?

    @Option(help: ArgumentHelp("Give a refused change up.", valueName: "id"))
    var discard: String?

    @OptionGroup var options: ReplicaOptions

    func validate() throws {
        if retry != nil, discard != nil { throw ValidationError("Give --retry or --discard, not both.") }
    }

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        if let retry { try await replica.retry(try Self.id(retry)) }
        if let discard { try await replica.discard(try Self.id(discard)) }
        let refusals = try await replica.refusals()
        let schema = try await replica.schema()
        output.table(
            .array(refusals.map { Self.json($0, schema) }), Self.text(refusals, schema), ifEmpty: "Nothing is refused.",
            isEmpty: refusals.isEmpty)
    }

    private static func id(_ text: String) throws -> RefusalID {
        guard let id = RefusalID(text) else {
            throw SatchelError(.usage, "\(text) is not the id of a refusal.", remedy: "List them with satchel refused.")
        }
        return id
    }

    private static func json(_ refusal: Refusal, _ schema: Schema?) -> JSON {
        .members([
            "refusal": .string(refusal.id.description), "table": .string(refusal.table), "id": .string(refusal.row.text),
            "field": .text(refusal.field), "value": value(refusal, schema), "code": .string(refusal.code.rawValue),
            "reason": .string(refusal.reason), "at": .text(Times.text(refusal.writtenMilliseconds)),
            "op": .string(Words.operation(refusal.operation)),
        ])
    }

    /// The one value of a refused field; for a whole row an object of what was written, null for a delete.
    private static func value(_ refusal: Refusal, _ schema: Schema?) -> JSON {
        let table = schema?.table(refusal.table)
        func value(_ cell: CellWrite) -> JSON {
            table?.field(cell.field).map { Cells.json(cell.value, $0.type) } ?? Cells.json(cell.value)
        }
        if refusal.field != nil { return refusal.cells.first.map(value) ?? .null }
        if refusal.operation == .delete { return .null }
        return .object(refusal.cells.map { JSON.Member(name: $0.field, value: value($0)) })
    }

    private static func text(_ refusals: [Refusal], _ schema: Schema?) -> TextTable {
        var text = TextTable(["refusal", "table", "id", "field", "value", "code", "reason", "at"])
        for refusal in refusals {
            let shown = value(refusal, schema)
            var words = shown.text
            if case .string(let bare) = shown { words = bare }
            text.add([
                refusal.id.description, refusal.table, refusal.row.text, refusal.field ?? "", words, refusal.code.rawValue,
                refusal.reason, Times.text(refusal.writtenMilliseconds) ?? "",
            ])
        }
        return text
    }
}
