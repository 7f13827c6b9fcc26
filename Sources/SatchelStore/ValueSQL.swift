import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What plain SQL can say cheaply about a value: its storage class, its length, its rough shape. `Field.check` judges it
/// exactly when the transaction is closed; nothing that passes here is believed because of it.
struct ValueSQL {
    let names: TableNames
    let field: Field
    /// `new."name"`.
    let value: String
    private let place: String

    init(_ names: TableNames, _ index: Int) {
        self.names = names
        field = names.table.fields[index]
        value = "new." + SQLText.name(field.name)
        place = "\(names.table.name).\(field.name)"
    }

    /// A trigger expression that raises when the new value may not stand; NULL when it may.
    var check: String? {
        let present = RaiseSQL.firstOf(faults)
        guard field.isRequired else {
            return present.map { "CASE WHEN \(value) IS NOT NULL THEN \($0) END" }
        }
        let missing = RaiseSQL(when: "\(value) IS NULL", .requiredFieldMissing, at: place, "This field must have a value.")
        return "CASE WHEN \(missing.condition) THEN \(missing.raise)" + (present.map { " ELSE \($0)" } ?? "") + " END"
    }

    /// True of every value that `check` passes whatever the rest of the row is like; false may only mean that it must be asked.
    /// One short expression instead of a page of cases, for the path that every good insert takes.
    var isPlain: String {
        let present = (["typeof(\(value)) = '\(storageClass)'"] + plainForms).joined(separator: " AND ")
        return field.isRequired ? "(\(present))" : "(\(value) IS NULL OR \(present))"
    }

    private var storageClass: String {
        switch field.type {
        case .integer, .boolean: "integer"
        case .real: "real"
        case .blob: "blob"
        default: "text"
        }
    }

    private var plainForms: [String] {
        let isShort = "length(\(value)) <= \(min(Limits.valueBytes / 4, field.maximumLength ?? .max))"
        let hasNoNUL = "instr(\(value), \(Self.nul)) = 0"
        switch field.type {
        case .integer: return []
        case .real: return ["abs(\(value)) <= \(Self.greatestReal)"]
        case .boolean: return ["\(value) IN (0, 1)"]
        case .blob: return [isShort]
        case .enumeration(let values): return [isOne(of: values)]
        case .territory, .user, .reference:
            return [hasNoNUL, "length(CAST(\(value) AS BLOB)) BETWEEN 1 AND \(RowID.maximumBytes)"]
                + shapeFaults.map { "NOT (\($0.condition))" }
        default: return [hasNoNUL, isShort] + shapeFaults.map { "NOT (\($0.condition))" }
        }
    }

    /// As alternatives: an IN over literals makes SQLite build a temporary table each time. Long lists would nest too deep.
    private func isOne(of values: [String]) -> String {
        let literals = values.map(SQLText.literal)
        return literals.count > 100 || literals.isEmpty
            ? "(\(value) IN (\(literals.joined(separator: ", "))))"
            : "(" + literals.map { "\(value) = \($0)" }.joined(separator: " OR ") + ")"
    }

    private static let nul = "CAST(x'00' AS TEXT)"
    private static let greatestReal = "1.7976931348623157e308"

    /// Of a value that is not NULL; each condition may rely on those before it.
    private var faults: [RaiseSQL] {
        switch field.type {
        case .integer: return [mismatch("typeof(\(value)) <> 'integer'", "This field holds a whole number.")]
        case .real:
            return [
                mismatch("typeof(\(value)) <> 'real'", "This field holds a number."),
                RaiseSQL(when: "abs(\(value)) > \(Self.greatestReal)", .notANumber, at: place, "A number must be finite."),
            ]
        case .boolean:
            return [mismatch("typeof(\(value)) <> 'integer' OR \(value) NOT IN (0, 1)", "This field holds 0 or 1.")]
        case .blob:
            let most = min(Limits.valueBytes, field.maximumLength ?? Limits.valueBytes)
            return [
                mismatch("typeof(\(value)) <> 'blob'", "This field holds bytes: write x'…' or bind a blob."),
                tooLong("length(\(value)) > \(most)", "This field holds at most \(most) bytes."),
            ]
        default: return textFaults
        }
    }

    private var textFaults: [RaiseSQL] {
        var faults = [
            mismatch("typeof(\(value)) <> 'text'", "This field holds text."),
            // length() stops at a NUL, so that this comes first.
            RaiseSQL(
                when: "instr(\(value), \(Self.nul)) > 0", .invalidText, at: place, "Text may not hold a NUL character."),
        ]
        switch field.type {
        case .territory, .user, .reference:
            faults.append(mismatch("\(value) = ''", "An id is not empty; write NULL for none."))
            faults.append(
                tooLong(
                    "length(CAST(\(value) AS BLOB)) > \(RowID.maximumBytes)", "An id has at most \(RowID.maximumBytes) bytes."))
        default:
            if let most = field.maximumLength {
                faults.append(tooLong("length(\(value)) > \(most)", "This field holds at most \(most) characters."))
            }
            // A character has at most four bytes, so that most texts need not be measured in bytes.
            faults.append(
                tooLong(
                    "length(\(value)) > \(Limits.valueBytes / 4) AND length(CAST(\(value) AS BLOB)) > \(Limits.valueBytes)",
                    "A value has at most \(Limits.valueBytes) bytes."))
        }
        return faults + shapeFaults
    }

    private var shapeFaults: [RaiseSQL] {
        switch field.type {
        case .decimal:
            let shape =
                "\(value) NOT GLOB '*[0-9]*' OR \(value) GLOB '*[^0-9.+-]*' OR substr(\(value), 2) GLOB '*[+-]*' OR \(value) GLOB '*.*.*'"
            return [mismatch(shape, "This field holds an exact decimal such as -12.50.")]
        case .date:
            let shape = "\(value) NOT GLOB '\(Self.day)' OR date(\(value), '+0 days') IS NOT \(value)"
            return [mismatch(shape, "This field holds a date such as 2026-11-22.")]
        case .datetime:
            let head = "substr(\(value), 1, 10)"
            let shape =
                "\(value) NOT GLOB '\(Self.day)*' OR date(\(head), '+0 days') IS NOT \(head)"
                + " OR length(\(value)) > 10 AND substr(\(value), 11) NOT GLOB '[Tt ][0-2][0-9]:[0-5][0-9]*'"
            return [mismatch(shape, "This field holds a time in UTC such as 2026-11-22T06:30:00Z.")]
        case .enumeration(let values):
            let some = values.prefix(12).joined(separator: ", ") + (values.count > 12 ? " …" : "")
            return [
                RaiseSQL(when: "NOT \(isOne(of: values))", .notInEnumeration, at: place, "This field holds one of \(some).")
            ]
        case .set:
            let sentence = "This field holds a JSON array of texts."
            return [
                mismatch("json_valid(\(value)) = 0", sentence), mismatch("json_type(\(value)) <> 'array'", sentence),
                // json_each takes longer than everything else here together: texts without a quote inside need it not.
                mismatch(
                    "\(value) <> '[]' AND (\(value) NOT GLOB '[[]\"*\"]' OR instr(replace(substr(\(value), 3, length(\(value)) - 4), '\",\"', ''), '\"') > 0)"
                        + " AND EXISTS (SELECT 1 FROM json_each(\(value)) WHERE \"type\" <> 'text')", sentence),
            ]
        case .json: return [mismatch("json_valid(\(value)) = 0", "This field holds JSON text.")]
        case .reference(let target):
            return [
                RaiseSQL(
                    when: "NOT EXISTS (SELECT 1 FROM \(SQLText.name(target)) WHERE \"id\" = \(value))", .referenceNotVisible,
                    at: place,
                    "There is no such row of \(target) here, or you may not see it.")
            ]
        default: return []
        }
    }

    private static let day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"

    private func mismatch(_ condition: String, _ sentence: String) -> RaiseSQL {
        RaiseSQL(when: condition, .typeMismatch, at: place, sentence)
    }
    private func tooLong(_ condition: String, _ sentence: String) -> RaiseSQL {
        RaiseSQL(when: condition, .valueTooLong, at: place, sentence)
    }
}
