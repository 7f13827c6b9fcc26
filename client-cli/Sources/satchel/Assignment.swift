import Foundation
import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// `FIELD=VALUE`, `FIELD=` (NULL) or `FIELD:=JSON`, as typed.
struct Assignment: Equatable {
    enum Form: Equatable {
        case text(String)
        case json(String)
    }

    let field: String
    let form: Form

    /// - Throws: `SatchelError` `.usage` when there is no `=`, or nothing before it.
    init(_ argument: String) throws {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            throw Self.usage("\(argument) is not FIELD=VALUE.")
        }
        let name = argument[..<equals]
        let rest = String(argument[argument.index(after: equals)...])
        if name.hasSuffix(":") {
            field = String(name.dropLast())
            form = .json(rest)
        } else {
            field = String(name)
            form = .text(rest)
        }
        guard !field.isEmpty else { throw Self.usage("\(argument) names no field.") }
    }

    /// The values of several assignments, each read by its field's type.
    ///
    /// - Throws: `SatchelError`: `.usage` for a field twice, `.unknownField`, and the codes of value faults.
    static func values(_ arguments: [String], table: SatchelPolicy.Table) throws -> [String: Value] {
        var values: [String: Value] = [:]
        for assignment in try arguments.map(Assignment.init) {
            guard let field = table.field(assignment.field) else {
                throw SatchelError(
                    .unknownField, "\(table.name) has no field \(assignment.field).",
                    remedy: "Its fields are: \(table.fields.map(\.name).joined(separator: ", ")).")
            }
            guard values[field.name] == nil else { throw usage("\(field.name) is given twice.") }
            values[field.name] = try assignment.value(of: field)
        }
        return values
    }

    func value(of field: Field) throws -> Value {
        do {
            switch form {
            // Whether a value must be there is asked when the row is written: a person may set NULL to see why not.
            case .text(""): return .null
            case .text(let text): return try field.parse(text)
            case .json(let json): return field.normalised(try JSONAssignment.value(of: field, from: json))
            }
        } catch let fault as ValueFault {
            throw SatchelError(
                ErrorCode(rawValue: fault.code), fault.message,
                remedy: "Correct the value; nothing was written.")
        }
    }

    private static func usage(_ message: String) -> SatchelError {
        SatchelError(.usage, message, remedy: "Write FIELD=VALUE, FIELD= for no value, or FIELD:=JSON.")
    }
}

/// A JSON value as a field's value, in the forms in which rows are printed.
enum JSONAssignment {
    static func value(of field: Field, from json: String) throws -> Value {
        if case .json = field.type {
            // `null` is NULL: the field then holds no JSON at all.
            return isNull(json) ? .null : try field.parse(json)
        }
        if let fault = JSONText.fault(in: json) { throw fault }
        let decoder = JSONDecoder()
        let data = Data(json.utf8)
        func read<Read: Decodable>(_ type: Read.Type) throws -> Read {
            do {
                return try decoder.decode(type, from: data)
            } catch {
                throw ValueFault(.typeMismatch, "\(field.name) cannot be set from this JSON value.")
            }
        }
        if isNull(json) { return .null }
        switch field.type {
        case .integer: return .integer(try read(Int64.self))
        case .real: return .real(try read(Double.self))
        case .boolean: return .integer(try read(Bool.self) ? 1 : 0)
        case .set: return .text(JSONText.set(of: try read([String].self)))
        case .text, .decimal, .date, .datetime, .enumeration, .blob, .territory, .user, .reference, .json:
            let text = try read(String.self)
            // The empty text is a value here; `parse` would take it for none.
            if text.isEmpty {
                if case .blob = field.type { return .blob([]) }
                return .text("")
            }
            return try field.parse(text)
        }
    }

    private static func isNull(_ json: String) -> Bool {
        json.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.elementsEqual("null".utf8)
    }
}
