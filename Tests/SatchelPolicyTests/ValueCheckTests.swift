import SatchelCore
import SatchelPolicy
import Testing

/// One of each type, for tests that go through all of them.
let allTypes: [FieldType] = [
    .text, .integer, .real, .decimal, .boolean, .date, .datetime, .enumeration(["draft", "sent"]), .set, .blob, .json,
    .territory,
    .user, .reference("company"),
]

let megabyte = 1024 * 1024

func field(_ type: FieldType, required: Bool = false, max: Int? = nil) -> Field {
    Field(name: "cell", type: type, isRequired: required, maximumLength: max)
}

func fault(_ type: FieldType, _ value: Value, max: Int? = nil) -> ValueFault.Kind? {
    field(type, max: max).check(value, valueBytes: megabyte)?.kind
}

struct ValueCheckTests {
    private static let good: [(FieldType, Value)] = [
        (.text, .text("")), (.text, .text("e\u{301} 👩‍👩‍👧 𝄞 \u{FFFF}\u{10FFFF}")),
        (.text, .text(String(repeating: "x", count: megabyte))),
        (.integer, .integer(.min)), (.integer, .integer(.max)), (.integer, .integer(9_007_199_254_740_993)),
        (.real, .real(0)), (.real, .real(.greatestFiniteMagnitude)), (.real, .real(-.leastNonzeroMagnitude)),
        (.decimal, .text("0")), (.decimal, .text("-12.50")), (.decimal, .text("0.00")),
        (.decimal, .text(String(repeating: "9", count: 38))), (.decimal, .text("9007199254740993.1")),
        (.boolean, .integer(0)), (.boolean, .integer(1)),
        (.date, .text("2024-02-29")), (.date, .text("0001-01-01")), (.date, .text("9999-12-31")),
        (.datetime, .text("2026-11-22T06:30:00Z")), (.datetime, .text("2026-11-22T06:30:00.001Z")),
        (.enumeration(["draft", "sent"]), .text("sent")),
        (.set, .text("[]")), (.set, .text(#"["a","b"]"#)), (.set, .text(#"["","\n","\"","é","𝄞"]"#)),
        (.blob, .blob([])), (.blob, .blob([0, 0xFF])),
        (.json, .text(#" {"a": [1, -0.5e+9, "\ud834\udd1e", null]} "#)), (.json, .text("0")),
        (.territory, .text("emea")), (.user, .text("anna")), (.reference("company"), .text(String(repeating: "i", count: 128))),
    ]

    @Test(arguments: good) func whatBelongsThereMayStand(type: FieldType, value: Value) {
        #expect(field(type).check(value, valueBytes: megabyte) == nil)
    }

    private static let bad: [(FieldType, Value, ValueFault.Kind)] = [
        (.integer, .real(1), .typeMismatch), (.integer, .text("1"), .typeMismatch), (.real, .integer(1), .typeMismatch),
        (.real, .real(.nan), .notANumber), (.real, .real(.infinity), .notANumber), (.real, .real(-.infinity), .notANumber),
        (.real, .real(.signalingNaN), .notANumber), (.real, .real(-0.0), .typeMismatch),
        (.integer, .real(.nan), .notANumber), (.text, .real(.infinity), .notANumber),
        (.text, .integer(1), .typeMismatch), (.text, .blob([65]), .typeMismatch), (.blob, .text("A"), .typeMismatch),
        (.text, .text("a\0b"), .invalidText), (.text, .text("\0"), .invalidText), (.user, .text("a\0"), .invalidText),
        (.decimal, .text("1e3"), .typeMismatch), (.decimal, .text("+1"), .typeMismatch), (.decimal, .text("01"), .typeMismatch),
        (.decimal, .text("-0"), .typeMismatch), (.decimal, .text("-0.00"), .typeMismatch),
        (.decimal, .text(".5"), .typeMismatch),
        (.decimal, .text("5."), .typeMismatch), (.decimal, .text(""), .typeMismatch), (.decimal, .text("1 "), .typeMismatch),
        (.decimal, .text("NaN"), .typeMismatch), (.decimal, .real(1.5), .typeMismatch), (.decimal, .integer(1), .typeMismatch),
        (.decimal, .text("１"), .typeMismatch), (.decimal, .text(String(repeating: "9", count: 39)), .typeMismatch),
        (.boolean, .integer(2), .typeMismatch), (.boolean, .integer(-1), .typeMismatch),
        (.boolean, .text("true"), .typeMismatch),
        (.date, .text("2023-02-29"), .typeMismatch), (.date, .text("1900-02-29"), .typeMismatch),
        (.date, .text("2026-13-01"), .typeMismatch), (.date, .text("2026-1-01"), .typeMismatch),
        (.date, .text("0000-01-01"), .typeMismatch), (.date, .text("2026-04-31"), .typeMismatch),
        (.date, .text("2026-11-22 "), .typeMismatch), (.date, .text("2026-11-22T00:00:00Z"), .typeMismatch),
        (.datetime, .text("2026-11-22"), .typeMismatch), (.datetime, .text("2026-11-22T06:30:00"), .typeMismatch),
        (.datetime, .text("2026-11-22T06:30:00+00:00"), .typeMismatch),
        (.datetime, .text("2026-11-22 06:30:00Z"), .typeMismatch),
        (.datetime, .text("2026-11-22T24:00:00Z"), .typeMismatch), (.datetime, .text("2026-11-22T06:30:60Z"), .typeMismatch),
        (.datetime, .text("2026-11-22T06:30:00.000Z"), .typeMismatch),
        (.datetime, .text("2026-11-22T06:30:00.5Z"), .typeMismatch),
        (.enumeration(["draft", "sent"]), .text("SENT"), .notInEnumeration),
        (.enumeration(["caf\u{E9}"]), .text("cafe\u{301}"), .notInEnumeration),
        (.set, .text(#"["b","a"]"#), .typeMismatch), (.set, .text(#"["a","a"]"#), .typeMismatch),
        (.set, .text(#"["a", "b"]"#), .typeMismatch), (.set, .text("[1]"), .typeMismatch),
        (.set, .text(#""a""#), .typeMismatch),
        (.set, .text("[\"\\u0061\"]"), .typeMismatch), (.set, .text(#"["\u0000"]"#), .invalidText),
        (.json, .text(""), .typeMismatch), (.json, .text("{} {}"), .typeMismatch), (.json, .text("[1,]"), .typeMismatch),
        (.json, .text("NaN"), .typeMismatch), (.json, .text("01"), .typeMismatch), (.json, .text("1."), .typeMismatch),
        (.json, .text(#"{"a":1,"a":2}"#), .typeMismatch), (.json, .text(#"{"a":1,"\u0061":2}"#), .typeMismatch),
        (.json, .text(#""\ud800""#), .invalidText), (.json, .text(#""\udc00\ud800""#), .invalidText),
        (.json, .text(#""\ud800\n""#), .invalidText), (.json, .text(#""\ud834\u0041""#), .invalidText),
        (.json, .text(#""\ud834\ud834""#), .invalidText), (.json, .text(#""\u0000""#), .invalidText),
        (.json, .text("\"a\nb\""), .typeMismatch), (.json, .text("\"\\x\""), .typeMismatch),
        (.json, .text("\"a"), .typeMismatch),
        (.json, .text("tru"), .typeMismatch), (.json, .text("\"\\"), .typeMismatch), (.json, .text("\"\\u12"), .typeMismatch),
        (.territory, .text(""), .typeMismatch), (.reference("company"), .text(""), .typeMismatch),
        (.user, .text(String(repeating: "u", count: 129)), .valueTooLong),
        (.reference("company"), .text(String(repeating: "é", count: 65)), .valueTooLong),
    ]

    @Test(arguments: bad) func whatDoesNotBelongThereIsNamed(type: FieldType, value: Value, kind: ValueFault.Kind) {
        #expect(field(type).check(value, valueBytes: megabyte)?.kind == kind)
    }

    @Test(arguments: allTypes) func nullMayStandUnlessTheFieldIsRequired(type: FieldType) {
        #expect(field(type).check(.null, valueBytes: megabyte) == nil)
        #expect(field(type, required: true).check(.null, valueBytes: megabyte)?.kind == .requiredFieldMissing)
    }

    @Test func emptyTextIsAValue() {
        #expect(field(.text, required: true).check(.text(""), valueBytes: megabyte) == nil)
    }

    @Test func aByteTooManyIsTooLong() {
        #expect(fault(.text, .text(String(repeating: "x", count: megabyte + 1))) == .valueTooLong)
        // Characters are not bytes: half as many of these fill the limit.
        #expect(fault(.text, .text(String(repeating: "é", count: megabyte / 2))) == nil)
        #expect(fault(.text, .text(String(repeating: "é", count: megabyte / 2 + 1))) == .valueTooLong)
        #expect(fault(.blob, .blob(Array(repeating: 0, count: megabyte))) == nil)
        #expect(fault(.blob, .blob(Array(repeating: 0, count: megabyte + 1))) == .valueTooLong)
        #expect(fault(.json, .text("\"" + String(repeating: "x", count: megabyte) + "\"")) == .valueTooLong)
    }

    @Test func maximumLengthCountsUnicodeScalarsOfTextAndBytesOfABlob() {
        #expect(fault(.text, .text("e\u{301}"), max: 2) == nil)
        #expect(fault(.text, .text("e\u{301}"), max: 1) == .valueTooLong)
        #expect(fault(.text, .text("𝄞𝄞"), max: 2) == nil)
        #expect(fault(.text, .text("abc"), max: 2) == .valueTooLong)
        #expect(fault(.blob, .blob([1, 2]), max: 2) == nil)
        #expect(fault(.blob, .blob([1, 2, 3]), max: 2) == .valueTooLong)
    }

    @Test func jsonHasADepth() {
        func nested(_ depth: Int) -> Value {
            .text(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        }
        #expect(fault(.json, nested(JSONText.maximumDepth)) == nil)
        #expect(fault(.json, nested(JSONText.maximumDepth + 1)) == .typeMismatch)
        #expect(fault(.json, .text(String(repeating: "[", count: megabyte))) == .typeMismatch)
        #expect(fault(.json, .text(String(repeating: "{\"a\":", count: 100_000))) == .typeMismatch)
    }

    @Test func faultsSpeakOfTheFieldAndNeverOfTheValue() throws {
        let found = try #require(field(.decimal).check(.text("secret"), valueBytes: megabyte))
        #expect(found.code == "type-mismatch")
        #expect(found.message.contains("cell"))
        #expect(!found.message.contains("secret"))
    }

    /// No value of a wrong storage class passes, for any type.
    @Test(arguments: allTypes) func oneStorageClassForEachType(type: FieldType) {
        let values: [Value] = [.integer(7), .real(7.5), .text("\u{1}"), .blob([7])]
        let passing = values.filter { field(type).check($0, valueBytes: megabyte) == nil }
        switch type {
        case .integer: #expect(passing == [.integer(7)])
        case .real: #expect(passing == [.real(7.5)])
        case .blob: #expect(passing == [.blob([7])])
        case .text, .territory, .user, .reference: #expect(passing == [.text("\u{1}")])
        case .boolean, .decimal, .date, .datetime, .enumeration, .set, .json: #expect(passing.isEmpty)
        }
    }
}
