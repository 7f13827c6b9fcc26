import SatchelCore

extension Field {
    /// Whether a value may stand in this field: its storage class, its canonical form, its length, and that a required
    /// field has one. Whether a referenced row, a territory or a user exists is not asked here.
    ///
    /// Storage classes: integer for `integer` and `boolean` (0 or 1), real for `real`, blob for `blob`, text for all others.
    /// - Parameter limit: the greatest size of one value in bytes (`Limits.valueBytes`).
    /// - Returns: nil when it may.
    public func check(_ value: Value, valueBytes limit: Int) -> ValueFault? {
        switch value {
        case .null: return isRequired ? fault(.requiredFieldMissing, "\(name) must have a value.") : nil
        case .integer(let number): return check(number)
        case .real(let number): return check(number)
        case .text(let text): return check(text, limit)
        case .blob(let bytes): return check(bytes, limit)
        }
    }

    private func check(_ number: Int64) -> ValueFault? {
        switch type {
        case .integer: nil
        case .boolean: number == 0 || number == 1 ? nil : mismatch
        default: mismatch
        }
    }

    private func check(_ number: Double) -> ValueFault? {
        guard number.isFinite else { return fault(.notANumber, "\(name) may not be NaN or infinite.") }
        guard case .real = type else { return mismatch }
        // SQLite stores a negative zero as zero; let in, it would read differently on the two sides.
        return number == 0 && number.sign == .minus ? fault(.typeMismatch, "\(name) may not be a negative zero; write 0.") : nil
    }

    private func check(_ bytes: [UInt8], _ limit: Int) -> ValueFault? {
        guard case .blob = type else { return mismatch }
        let most = min(limit, maximumLength ?? limit)
        return bytes.count <= most ? nil : fault(.valueTooLong, "\(name) holds at most \(most) bytes.")
    }

    private func check(_ text: String, _ limit: Int) -> ValueFault? {
        switch type {
        case .integer, .real, .boolean, .blob: return mismatch
        default: break
        }
        guard text.utf8.count <= limit else { return fault(.valueTooLong, "\(name) holds at most \(limit) bytes.") }
        guard !text.utf8.contains(0) else { return fault(.invalidText, "\(name) may not hold a NUL character.") }
        return checkForm(text)
    }

    private func checkForm(_ text: String) -> ValueFault? {
        switch type {
        case .text:
            if let most = maximumLength, text.utf8.count > most, text.unicodeScalars.count > most {
                return fault(.valueTooLong, "\(name) holds at most \(most) characters.")
            }
            return nil
        case .decimal: return DecimalText.isCanonical(text) ? nil : mismatch
        case .date: return CivilTime.isDate(text) ? nil : mismatch
        case .datetime: return CivilTime.isDatetime(text) ? nil : mismatch
        case .enumeration(let values):
            // By bytes: String's own equality holds canonically equivalent spellings for one.
            return values.contains { $0.utf8.elementsEqual(text.utf8) } ? nil : fault(.notInEnumeration, mustBe)
        case .set: return JSONText.isSet(text) ? nil : setFault(text)
        case .json: return JSONText.fault(in: text).map { fault($0.kind, "\(name): \($0.message)") }
        case .territory, .user, .reference:
            if text.utf8.count > RowID.maximumBytes {
                return fault(.valueTooLong, "\(name) holds at most \(RowID.maximumBytes) bytes.")
            }
            return text.isEmpty ? mismatch : nil
        case .integer, .real, .boolean, .blob: return mismatch
        }
    }

    private func setFault(_ text: String) -> ValueFault {
        do {
            _ = try JSONText.strings(in: text)
            return fault(
                .typeMismatch, "\(name) must be written as a set is: different texts in ascending order, without white space.")
        } catch {
            return error.kind == .typeMismatch ? mismatch : fault(error.kind, "\(name): \(error.message)")
        }
    }

    func fault(_ kind: ValueFault.Kind, _ message: String) -> ValueFault { ValueFault(kind, message) }
    var mustBe: String { "\(name) must be \(type.expectation)." }
    var mismatch: ValueFault { fault(.typeMismatch, mustBe) }
}
