import SatchelPolicy
import Testing

struct CivilTimeTests {
    /// Walks every day of the years 1 to 9999 with a calendar of its own, the schoolbook one.
    @Test func everyDayHasItsNumber() {
        var day: Int64 = -719_162
        var wrong = 0
        for year in 1...9999 {
            let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
            for (month, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                // The first and the last of each month bound all days between.
                for date in [1, length] {
                    let number = (day + Int64(date) - 1) * 86_400_000
                    let text = padded(year, 4) + "-" + padded(month + 1, 2) + "-" + padded(date, 2)
                    if CivilTime.read(text) != number || CivilTime.text(number) != text + "T00:00:00Z" { wrong += 1 }
                }
                if CivilTime.isDate(padded(year, 4) + "-" + padded(month + 1, 2) + "-" + padded(length + 1, 2)) { wrong += 1 }
                day += Int64(length)
            }
        }
        #expect(wrong == 0)
        #expect((day - 1) * 86_400_000 + 86_399_999 == CivilTime.milliseconds.upperBound)
    }

    @Test func knownMoments() {
        #expect(CivilTime.read("1970-01-01") == 0)
        #expect(CivilTime.read("2001-09-09T01:46:40Z") == 1_000_000_000_000)
        #expect(CivilTime.text(-1) == "1969-12-31T23:59:59.999Z")
        #expect(CivilTime.text(CivilTime.milliseconds.lowerBound) == "0001-01-01T00:00:00Z")
        #expect(CivilTime.text(CivilTime.milliseconds.lowerBound - 1) == nil)
        #expect(CivilTime.text(.min) == nil)
        #expect(CivilTime.text(.max) == nil)
    }

    @Test func textsGoThereAndBack() {
        var moment = CivilTime.milliseconds.lowerBound
        var wrong = 0
        while moment <= CivilTime.milliseconds.upperBound {
            let text = CivilTime.text(moment)
            if text.flatMap(CivilTime.read) != moment || text.map(CivilTime.isDatetime) != true { wrong += 1 }
            moment += 7_654_321_987_654
        }
        #expect(wrong == 0)
    }

    private func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: width - digits.count) + digits
    }
}
