/// Dates and times as text, without Foundation, in the proleptic Gregorian calendar and the years 1 to 9999.
///
/// Canonical forms: a date is `YYYY-MM-DD`; a datetime is `YYYY-MM-DDTHH:MM:SSZ`, with `.SSS` before the `Z` when the
/// milliseconds are not zero. There are no leap seconds.
public enum CivilTime {
    /// The earliest and the latest moment that has a canonical form, in milliseconds since 1970-01-01T00:00:00Z.
    public static let milliseconds: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// Whether the text is the canonical form of a day that the calendar has.
    public static func isDate(_ text: String) -> Bool {
        var reader = Reader(text)
        return reader.date() != nil && reader.isAtEnd
    }

    /// Reads a moment: a date alone (midnight), or a date, `T` or a space, `HH:MM`, then `:SS` and a fraction if wanted, and a
    /// zone `Z`, `±HH`, `±HHMM` or `±HH:MM`. Without a zone it is UTC.
    /// - Returns: milliseconds since 1970-01-01T00:00:00Z. Nil when the text is no such form, when the moment is not in
    ///   `milliseconds`, or when it is finer than a millisecond: rounding would change what was said.
    public static func read(_ text: String) -> Int64? {
        var reader = Reader(text)
        guard let days = reader.date() else { return nil }
        var moment = days * 86_400_000
        if !reader.isAtEnd {
            guard reader.takeSeparator(), let time = reader.time(), let offset = reader.zone(), reader.isAtEnd else {
                return nil
            }
            moment += time - offset
        }
        return milliseconds.contains(moment) ? moment : nil
    }

    /// The canonical datetime.
    /// - Parameter moment: milliseconds since 1970-01-01T00:00:00Z.
    /// - Returns: nil outside `milliseconds`.
    public static func text(_ moment: Int64) -> String? {
        guard milliseconds.contains(moment) else { return nil }
        let days = floorDivide(moment, 86_400_000)
        let time = moment - days * 86_400_000
        let (year, month, day) = civil(days)
        let fraction = time % 1000 == 0 ? "" : "." + padded(time % 1000, 3)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(time / 3_600_000, 2) + ":"
            + padded(time / 60_000 % 60, 2) + ":" + padded(time / 1000 % 60, 2) + fraction + "Z"
    }

    public static func isDatetime(_ text: String) -> Bool {
        guard let moment = read(text), let canonical = Self.text(moment) else { return false }
        return canonical.utf8.elementsEqual(text.utf8)
    }

    /// The day of a text that is a date, or a date with a time of exactly midnight and no zone, as exports write dates.
    static func date(_ text: String) -> String? {
        var reader = Reader(text)
        guard reader.date() != nil else { return nil }
        if !reader.isAtEnd {
            guard reader.takeSeparator(), reader.time() == 0, reader.isAtEnd else { return nil }
        }
        return String(text.prefix(10))
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
        (number >= 0 ? number : number - divisor + 1) / divisor
    }

    /// Days since 1970-01-01, and back: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil` and
    /// `civil_from_days`. Years begin in March there, so that the leap day is the last of its year.
    fileprivate static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Takes a text apart from the left; each part is nil when it is not there.
    private struct Reader {
        private let bytes: [UInt8]
        private var offset = 0

        init(_ text: String) { bytes = Array(text.utf8.prefix(64)) }

        var isAtEnd: Bool { offset == bytes.count }

        mutating func date() -> Int64? {
            guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2) else { return nil }
            guard year >= 1, (1...12).contains(month), day >= 1 else { return nil }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            guard day <= lengths[Int(month) - 1] else { return nil }
            return CivilTime.days(year, month, day)
        }

        mutating func takeSeparator() -> Bool { take("T") || take("t") || take(" ") }

        /// Milliseconds since midnight.
        mutating func time() -> Int64? {
            guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60 else { return nil }
            var moment = (hour * 60 + minute) * 60_000
            guard take(":") else { return moment }
            guard let second = digits(2), second < 60 else { return nil }
            moment += second * 1000
            guard take(".") else { return moment }
            var weight: Int64 = 100
            var count = 0
            while let digit = digits(1) {
                guard weight > 0 || digit == 0 else { return nil }
                moment += digit * weight
                weight /= 10
                count += 1
            }
            return count > 0 ? moment : nil
        }

        /// Milliseconds east of Greenwich; 0 when nothing is written.
        mutating func zone() -> Int64? {
            if isAtEnd || take("Z") || take("z") { return 0 }
            let isWest = take("-")
            guard isWest || take("+"), let hour = digits(2), hour <= 18 else { return nil }
            var minute: Int64 = 0
            if !isAtEnd {
                _ = take(":")
                guard let read = digits(2), read < 60 else { return nil }
                minute = read
            }
            return (hour * 60 + minute) * (isWest ? -60_000 : 60_000)
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard offset < bytes.count, UInt32(bytes[offset]) == character.value else { return false }
            offset += 1
            return true
        }

        private mutating func digits(_ count: Int) -> Int64? {
            guard bytes.count - offset >= count else { return nil }
            var number: Int64 = 0
            for byte in bytes[offset..<offset + count] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                number = number * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            offset += count
            return number
        }
    }
}
