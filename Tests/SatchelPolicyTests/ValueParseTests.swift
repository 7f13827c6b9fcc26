import SatchelCore
import SatchelPolicy
import Testing

struct ValueParseTests {
    private static let good: [(FieldType, String, Value)] = [
        (.text, "Müller & Söhne", .text("Müller & Söhne")), (.text, " a ", .text(" a ")),
        (.text, "e\u{301}", .text("e\u{301}")),
        (.integer, "42", .integer(42)), (.integer, "+7", .integer(7)), (.integer, "-0", .integer(0)),
        (.integer, "007", .integer(7)),
        (.integer, "-9223372036854775808", .integer(.min)), (.integer, "9007199254740993", .integer(9_007_199_254_740_993)),
        (.real, "1.5", .real(1.5)), (.real, "-1e-3", .real(-0.001)), (.real, "-0", .real(0)), (.real, "-0.0", .real(0)),
        (.real, "1e308", .real(1e308)),
        (.decimal, "+007.10", .text("7.10")), (.decimal, ".5", .text("0.5")), (.decimal, "5.", .text("5")),
        (.decimal, "-0.00", .text("0.00")), (.decimal, "-12.50", .text("-12.50")), (.decimal, "12.5", .text("12.5")),
        (.decimal, "9007199254740993", .text("9007199254740993")),
        (.decimal, String(repeating: "0", count: 100) + "1", .text("1")),
        (.boolean, "true", .integer(1)), (.boolean, "FALSE", .integer(0)), (.boolean, "1", .integer(1)),
        (.boolean, "0", .integer(0)),
        (.date, "2026-11-22", .text("2026-11-22")), (.date, "2014-06-30 00:00:00.000", .text("2014-06-30")),
        (.datetime, "2026-11-22T06:30:00Z", .text("2026-11-22T06:30:00Z")),
        (.datetime, "2026-11-22T07:30:00+01:00", .text("2026-11-22T06:30:00Z")),
        (.datetime, "2026-12-31T23:30-0130", .text("2027-01-01T01:00:00Z")),
        (.datetime, "2024-03-01 00:15+01", .text("2024-02-29T23:15:00Z")),
        (.datetime, "2026-11-22 06:30", .text("2026-11-22T06:30:00Z")),
        (.datetime, "2026-11-22", .text("2026-11-22T00:00:00Z")),
        (.datetime, "1969-12-31T23:59:59.999Z", .text("1969-12-31T23:59:59.999Z")),
        (.datetime, "2026-11-22T06:30:00.500000Z", .text("2026-11-22T06:30:00.500Z")),
        (.enumeration(["draft", "sent"]), "draft", .text("draft")),
        (.set, "export, key-account ,export,,", .text(#"["export","key-account"]"#)), (.set, ",", .text("[]")),
        (.set, #"[ "b", "a", "\u0061" ]"#, .text(#"["a","b"]"#)), (.set, #"["\/\u001f\t"]"#, .text(#"["/\u001f\t"]"#)),
        (.blob, "AP8=", .blob([0, 255])), (.blob, "AAAA", .blob([0, 0, 0])), (.blob, "+/+/", .blob([0xFB, 0xFF, 0xBF])),
        (.json, #"{"b": 1}"#, .text(#"{"b": 1}"#)),
        (.territory, "emea-dach", .text("emea-dach")), (.reference("company"), "c-1", .text("c-1")),
    ]

    @Test(arguments: good) func whatAPersonTypesBecomesCanonical(type: FieldType, text: String, value: Value) throws {
        #expect(try field(type).parse(text) == value)
        #expect(field(type).check(value, valueBytes: megabyte) == nil)
        #expect(field(type).normalised(value) == value)
    }

    private static let bad: [(FieldType, String, ValueFault.Kind)] = [
        (.integer, "12.0", .typeMismatch), (.integer, "9223372036854775808", .typeMismatch), (.integer, " 1", .typeMismatch),
        (.integer, "1_000", .typeMismatch), (.integer, "٣", .typeMismatch),
        (.real, "NaN", .notANumber), (.real, "-inf", .notANumber), (.real, "Infinity", .notANumber),
        (.real, "1e999", .notANumber),
        (.real, "0x10", .typeMismatch), (.real, "1,5", .typeMismatch), (.real, "one", .typeMismatch),
        (.decimal, "1e3", .typeMismatch), (.decimal, "1,000", .typeMismatch), (.decimal, "-", .typeMismatch),
        (.decimal, ".", .typeMismatch), (.decimal, "--1", .typeMismatch),
        (.boolean, "yes", .typeMismatch), (.boolean, "2", .typeMismatch),
        (.date, "22.11.2026", .typeMismatch), (.date, "2026-11-22T10:00:00", .typeMismatch),
        (.date, "2026-02-30", .typeMismatch),
        (.datetime, "2026-11-22T25:00:00Z", .typeMismatch), (.datetime, "2026-11-22T06:30:00+19:00", .typeMismatch),
        (.datetime, "2026-11-22T06:30:00.0001Z", .typeMismatch), (.datetime, "0001-01-01T00:00:00+01:00", .typeMismatch),
        (.datetime, "9999-12-31T23:59:59-01:00", .typeMismatch), (.datetime, "2026-11-22T06:30:00Zz", .typeMismatch),
        (.datetime, "2026-11-22T06:30:00.Z", .typeMismatch), (.datetime, "2026-11-22x06:30", .typeMismatch),
        (.enumeration(["draft"]), "sent", .notInEnumeration),
        (.set, "[1]", .typeMismatch), (.set, #"["a""#, .typeMismatch), (.set, #"["\ud800"]"#, .invalidText),
        (.set, "a\0,b", .invalidText),
        (.blob, "AP8", .typeMismatch), (.blob, "A===", .typeMismatch), (.blob, "AP9=", .typeMismatch),
        (.blob, "A_8=", .typeMismatch),
        (.text, "a\0b", .invalidText), (.json, "{", .typeMismatch), (.user, String(repeating: "u", count: 129), .valueTooLong),
    ]

    @Test(arguments: bad) func whatCannotBeReadIsNamed(type: FieldType, text: String, kind: ValueFault.Kind) {
        #expect(throws: ValueFault.self) { try field(type).parse(text) }
        do {
            _ = try field(type).parse(text)
        } catch {
            #expect(error.kind == kind)
        }
    }

    @Test(arguments: allTypes) func emptyIsNull(type: FieldType) throws {
        #expect(try field(type).parse("") == .null)
        #expect(throws: ValueFault.self) { try field(type, required: true).parse("") }
    }

    @Test func lengthIsHeldToo() {
        #expect(throws: ValueFault.self) { try field(.text, max: 3).parse("abcd") }
    }

    @Test func plainSQLIsNormalisedWhereItIsClear() {
        #expect(field(.real).normalised(.real(-0.0)) == .real(0))
        #expect(field(.real).normalised(.integer(3)) == .real(3))
        #expect(field(.real).normalised(.integer(9_007_199_254_740_993)) == .integer(9_007_199_254_740_993))
        #expect(field(.decimal).normalised(.integer(5000)) == .text("5000"))
        #expect(field(.decimal).normalised(.text("+05.0")) == .text("5.0"))
        #expect(field(.datetime).normalised(.text("2026-11-22 07:30:00+01:00")) == .text("2026-11-22T06:30:00Z"))
        #expect(field(.set).normalised(.text(#"[ "b","a" ]"#)) == .text(#"["a","b"]"#))
        for value in [Value.text("a,b"), .text(""), .null, .blob([1]), .real(.nan)] {
            #expect(field(.set).normalised(value) == value)
            #expect(field(.decimal).normalised(value) == value)
        }
    }
}
