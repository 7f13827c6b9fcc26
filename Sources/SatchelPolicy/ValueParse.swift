import SatchelCore

extension Field {
    /// The canonical value of what a person types after `FIELD=`, or of a column of an import.
    ///
    /// Empty text is NULL for every type. `true`, `false`, `1`, `0` for a boolean, in any case; a datetime with an offset is
    /// converted to UTC, without one it is UTC; a decimal loses its `+` and leading zeros; a set is a JSON array or texts
    /// between commas, each without the spaces around it; a blob is base64. White space around other values is an error.
    /// - Throws: what `check` would find, the size of a value excepted: that limit is the caller's.
    public func parse(_ text: String) throws(ValueFault) -> Value {
        let value = text.isEmpty ? .null : try read(text)
        if let fault = check(value, valueBytes: .max) { throw fault }
        return value
    }

    /// The canonical form of what a program wrote with plain SQL, where there is one: `[ "b", "a" ]` as a set, a datetime with
    /// an offset, `5000` as a decimal, a negative zero. Anything else comes back unchanged, for `check` to judge.
    public func normalised(_ value: Value) -> Value {
        switch (type, value) {
        case (.real, .real(let number)) where number == 0: .real(0)
        case (.real, .integer(let number)): Double(exactly: number).map(Value.real) ?? value
        case (.decimal, .integer(let number)): .text(String(number))
        case (.decimal, .text(let text)), (.datetime, .text(let text)): (try? read(text)) ?? value
        case (.set, .text(let text)): (try? JSONText.strings(in: text)).map { .text(JSONText.set(of: $0)) } ?? value
        default: value
        }
    }

    private func read(_ text: String) throws(ValueFault) -> Value {
        switch type {
        case .text, .enumeration, .json, .territory, .user, .reference: return .text(text)
        case .integer: return .integer(try known(Int64(text)))
        case .real: return try real(text)
        case .decimal: return .text(try known(DecimalText.canonical(text)))
        case .boolean:
            switch text.lowercased() {
            case "true", "1": return .integer(1)
            case "false", "0": return .integer(0)
            default: throw mismatch
            }
        case .date: return .text(try known(CivilTime.date(text)))
        case .datetime: return .text(try known(CivilTime.read(text).flatMap(CivilTime.text)))
        case .set: return .text(JSONText.set(of: try members(text)))
        case .blob: return .blob(try known(Base64.bytes(text)))
        }
    }

    private func known<Read>(_ read: Read?) throws(ValueFault) -> Read {
        guard let read else { throw mismatch }
        return read
    }

    private func real(_ text: String) throws(ValueFault) -> Value {
        let unsigned = text.drop { $0 == "-" || $0 == "+" }.lowercased()
        if ["nan", "inf", "infinity"].contains(unsigned) { throw fault(.notANumber, "\(name) may not be NaN or infinite.") }
        // `Double` reads hexadecimal too, which nobody means here.
        guard !unsigned.contains("x"), let number = Double(text) else { throw mismatch }
        guard number.isFinite else { throw fault(.notANumber, "\(name) is too large for a number.") }
        return .real(number == 0 ? 0 : number)
    }

    private func members(_ text: String) throws(ValueFault) -> [String] {
        if text.hasPrefix("[") {
            do {
                return try JSONText.strings(in: text)
            } catch {
                throw error.kind == .typeMismatch ? mismatch : fault(error.kind, "\(name): \(error.message)")
            }
        }
        return text.split(separator: ",", omittingEmptySubsequences: true).compactMap { part in
            let trimmed = part.drop { $0 == " " }
            guard let end = trimmed.lastIndex(where: { $0 != " " }) else { return nil }
            return String(trimmed[...end])
        }
    }
}
