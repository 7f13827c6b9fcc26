import Foundation
import SatchelCore
import SatchelPolicy
import SatchelReplica

/// How cells are shown (COMMANDS.md, "JSON values").
enum Cells {
    static let hidden = JSON.members(["$hidden": .bool(true)])

    static func json(_ row: ReplicaRow, _ table: SatchelPolicy.Table) -> JSON {
        var members = [JSON.Member(name: "id", value: .string(row.id.text))]
        for (field, cell) in zip(table.fields, row.cells) {
            members.append(JSON.Member(name: field.name, value: json(cell, field.type)))
        }
        return .object(members)
    }

    static func json(_ cell: Cell, _ type: FieldType) -> JSON {
        switch cell {
        case .hidden: hidden
        case .value(let value): json(value, type)
        }
    }

    /// By the field's type where the value is of its kind, else by the storage class: a file may hold what another program
    /// wrote a moment ago.
    static func json(_ value: Value, _ type: FieldType) -> JSON {
        switch (type, value) {
        case (.boolean, .integer(let number)) where number == 0 || number == 1: return .bool(number == 1)
        case (.set, .text(let text)):
            if let members = try? JSONText.strings(in: text) { return .array(members.map(JSON.string)) }
            return .string(text)
        case (.json, .text(let text)): return JSONText.fault(in: text) == nil ? .raw(text) : .string(text)
        default: return json(value)
        }
    }

    static func json(_ value: Value) -> JSON {
        switch value {
        case .null: .null
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .text(let text): .string(text)
        case .blob(let bytes): .string(Data(bytes).base64EncodedString())
        }
    }

    /// For a person.
    static func text(_ cell: Cell, _ type: FieldType) -> String {
        switch cell {
        case .hidden: "(hidden)"
        case .value(let value): text(value, type)
        }
    }

    static func text(_ value: Value, _ type: FieldType) -> String {
        switch json(value, type) {
        case .null: ""
        case .bool(let flag): flag ? "true" : "false"
        case .string(let text), .raw(let text): text
        case .array(let values):
            values.map { value in
                if case .string(let text) = value { return text }
                return value.text
            }.joined(separator: ", ")
        case let other: other.text
        }
    }
}
