import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelReplica

struct TablesCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "tables", abstract: "Fields, types, and what you may read and write.")

    @Argument(help: "One table only.")
    var table: String?

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        if let table { _ = try await replica.table(named: table) }
        let tables = try await replica.tables().filter { table == nil || $0.name == table }
        output.result(.array(tables.map(Self.json)), Self.text(tables, output))
    }

    private static func json(_ table: TableAccess) -> JSON {
        .members([
            "table": .string(table.name), "create": .bool(table.canCreate != .nowhere),
            "delete": .bool(table.canDelete != .nowhere), "fields": .array(table.fields.map(json)),
        ])
    }

    private static func json(_ field: FieldAccess) -> JSON {
        var members: [JSON.Member] = [
            .init(name: "field", value: .string(field.name)), .init(name: "type", value: .string(field.type.word)),
            .init(name: "required", value: .bool(field.isRequired)),
            .init(name: "read", value: .bool(field.read != .nowhere)),
            .init(name: "write", value: .bool(field.write != .nowhere)),
            .init(name: "settable", value: .bool(field.isSettableAtCreation)),
        ]
        switch field.type {
        case .enumeration(let values):
            members.append(.init(name: "values", value: .array(values.map(JSON.string))))
        case .reference(let target): members.append(.init(name: "references", value: .string(target)))
        default: break
        }
        return .object(members)
    }

    private static func text(_ tables: [TableAccess], _ output: Output) -> String {
        if tables.isEmpty { return "There are no tables yet: enrol, then sync." }
        return tables.map { table in
            var text = TextTable(["field", "type", "read", "write"])
            for field in table.fields {
                text.add([field.name, type(field), word(field.read), writing(field)])
            }
            let rights = "create \(word(table.canCreate)), delete \(word(table.canDelete))"
            return "\(output.bold(table.name)) (\(rights))\n" + text.text(widest: nil)
        }.joined(separator: "\n\n")
    }

    private static func type(_ field: FieldAccess) -> String {
        let word =
            switch field.type {
            case .enumeration(let values): "enum(\(values.joined(separator: ", ")))"
            case .reference(let target): "reference(\(target))"
            default: field.type.word
            }
        return field.isRequired ? word + ", required" : word
    }

    private static func word(_ extent: RightExtent) -> String {
        switch extent {
        case .nowhere: "no"
        case .somewhere: "some rows"
        case .everywhere: "yes"
        }
    }

    private static func writing(_ field: FieldAccess) -> String {
        field.write == .nowhere && field.isSettableAtCreation ? "when creating" : word(field.write)
    }
}
