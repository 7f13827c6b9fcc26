import ArgumentParser
import Foundation
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica
import Testing

@testable import satchel

@Suite struct CommandLineTests {
    private static let table = SatchelPolicy.Table(
        name: "sample", partition: [],
        fields: [
            Field(name: "a_text", type: .text), Field(name: "an_integer", type: .integer), Field(name: "a_real", type: .real),
            Field(name: "a_decimal", type: .decimal), Field(name: "a_boolean", type: .boolean),
            Field(name: "a_date", type: .date), Field(name: "a_datetime", type: .datetime),
            Field(name: "an_enum", type: .enumeration(["one", "two"])), Field(name: "a_set", type: .set),
            Field(name: "a_blob", type: .blob), Field(name: "a_json", type: .json),
        ])

    private func value(_ argument: String) throws -> Value? {
        try Assignment.values([argument], table: Self.table).values.first
    }

    // MARK: FIELD=VALUE

    @Test(arguments: [
        ("a_text=hello", Value.text("hello")), ("a_text=", .null), ("a_text:=\"\"", .text("")),
        ("a_text=a=b:=c", .text("a=b:=c")),
        ("a_text=:=x", .text(":=x")), ("a_text:=\"é\\n\"", .text("é\n")), ("a_text:=null", .null), ("a_text:= null ", .null),
        ("an_integer=-12", .integer(-12)), ("an_integer:=9223372036854775807", .integer(.max)),
        ("an_integer:=-9223372036854775808", .integer(.min)), ("an_integer=9007199254740993", .integer(9_007_199_254_740_993)),
        ("a_real=1e3", .real(1000)), ("a_real:=0.1", .real(0.1)), ("a_real:=-0.0", .real(0)),
        ("a_decimal=+012.50", .text("12.50")),
        ("a_decimal:=\"12.50\"", .text("12.50")), ("a_boolean=TRUE", .integer(1)), ("a_boolean:=false", .integer(0)),
        ("a_date=2026-11-22", .text("2026-11-22")), ("a_datetime=2026-11-22T08:30:00+02:00", .text("2026-11-22T06:30:00Z")),
        ("an_enum=two", .text("two")), ("a_set=b, a,b", .text("[\"a\",\"b\"]")),
        ("a_set:=[\"b\",\"a\"]", .text("[\"a\",\"b\"]")),
        ("a_set:=[]", .text("[]")), ("a_blob=aGk=", .blob([0x68, 0x69])), ("a_blob:=\"aGk=\"", .blob([0x68, 0x69])),
        ("a_blob:=\"\"", .blob([])), ("a_json:={\"a\":[1,null]}", .text("{\"a\":[1,null]}")), ("a_json:=null", .null),
    ])
    func aFieldIsReadByItsType(argument: String, expected: Value) throws {
        #expect(try value(argument) == expected)
    }

    @Test(arguments: [
        ("an_integer=1.5", ErrorCode.typeMismatch), ("an_integer:=1.5", .typeMismatch), ("an_integer:=\"1\"", .typeMismatch),
        ("an_integer:=9223372036854775808", .typeMismatch), ("a_real=nan", .notANumber), ("a_boolean:=1", .typeMismatch),
        ("an_enum=three", .notInEnumeration), ("a_date=2026-02-30", .typeMismatch), ("a_text:=hello", .typeMismatch),
        ("a_text:=\"\\u0000\"", .invalidText), ("a_text:=\"\\ud800\"", .invalidText), ("a_set:=[1]", .typeMismatch),
        ("a_decimal:=1.5", .typeMismatch), ("nothing=1", .unknownField), ("a_text", .usage), ("=x", .usage), (":=x", .usage),
        ("a_json:={", .typeMismatch), ("a_json:={\"a\":1,\"a\":2}", .typeMismatch),
    ])
    func whatItCannotBeIsNamed(argument: String, expected: ErrorCode) async {
        #expect(await code { _ = try value(argument) } == expected)
    }

    @Test func aFieldTwiceIsAUsageError() async {
        #expect(await code { _ = try Assignment.values(["a_text=a", "a_text=b"], table: Self.table) } == .usage)
    }

    // MARK: JSON

    @Test func numbersKeepEveryDigit() throws {
        #expect(JSON.integer(.max).text == "9223372036854775807")
        #expect(JSON.unsigned(.max).text == "18446744073709551615")
        #expect(JSON.real(0.1).text == "0.1")
        for number in [1e300, -2.5e-9, 5, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
            let parsed = try JSONSerialization.jsonObject(with: Data(JSON.real(number).text.utf8), options: .fragmentsAllowed)
            #expect((parsed as? NSNumber)?.doubleValue == number)
        }
    }

    @Test func anyTextSurvives() throws {
        var text = "\"\\/\u{7F}\u{2028}😀é"
        for code in 0..<0x20 { text.unicodeScalars.append(Unicode.Scalar(UInt8(code))) }
        let printed = JSON.array([.string(text)]).text
        #expect(printed.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        let parsed = try JSONSerialization.jsonObject(with: Data(printed.utf8)) as? [String]
        #expect(parsed == [text])
    }

    @Test func rowsArePrintedByTheirTypes() throws {
        let cells: [Cell] = [
            .value(.text("hello")), .value(.integer(.max)), .value(.real(5)), .value(.text("12.50")), .value(.integer(1)),
            .value(.text("2026-11-22")), .hidden, .value(.null), .value(.text("[\"a\",\"b\"]")), .value(.blob([0x68, 0x69])),
            .value(.text("{\"n\":12345678901234567890}")),
        ]
        let id = try #require(RowID("r1"))
        let row = ReplicaRow(table: "sample", id: id, fields: Self.table.fields.map(\.name), cells: cells)
        #expect(
            Cells.json(row, Self.table).text
                == #"{"id":"r1","a_text":"hello","an_integer":9223372036854775807,"a_real":5.0,"a_decimal":"12.50","a_boolean":true,"#
                + #""a_date":"2026-11-22","a_datetime":{"$hidden":true},"an_enum":null,"a_set":["a","b"],"a_blob":"aGk=","#
                + #""a_json":{"n":12345678901234567890}}"#)
    }

    /// A file may hold, for a moment, what another program wrote and no one has checked.
    @Test func whatIsNotOfItsTypeIsPrintedAllTheSame() {
        #expect(Cells.json(.text("[1"), .set).text == "\"[1\"")
        #expect(Cells.json(.text("{"), .json).text == "\"{\"")
        #expect(Cells.json(.integer(7), .boolean).text == "7")
    }

    // MARK: For people

    @Test func columnsAreAligned() {
        var table = TextTable(["name", "n"], numeric: [1])
        table.add(["a", "1"])
        table.add(["日本", "100"])
        table.add(["longer", ""])
        #expect(table.text(widest: nil) == "name      n\na         1\n日本    100\nlonger")
    }

    @Test func nothingSteersTheTerminal() {
        #expect(TextTable.printable("a\u{1B}[31mb\nc\td\u{202E}e\u{9B}") == "a\\u{1b}[31mb⏎c d\\u{202e}e\\u{9b}")
        #expect(TextTable.cut("abcdef", to: 4) == "abc…")
        #expect(TextTable.cut("日本語", to: 4) == "日…")
        #expect(TextTable.cut("abcd", to: 4) == "abcd")
    }

    // MARK: Arguments

    @Test func optionsMayStandAnywhere() {
        for arguments in [
            ["--json", "--replica", "f", "show", "company", "c1"], ["show", "--json", "company", "c1", "--replica", "f"],
            ["show", "--replica=f", "company", "c1", "--json"],
        ] {
            let invocation = Invocation(arguments)
            #expect(invocation.output.isJSON)
            let command = try? Satchel.parseAsRoot(invocation.arguments) as? ShowCommand
            #expect(command?.table == "company" && command?.id == "c1" && command?.options.path == "f")
        }
        let literal = Invocation(["new", "note", "--", "--json"])
        #expect(!literal.output.isJSON)
        #expect((try? Satchel.parseAsRoot(literal.arguments) as? NewCommand)?.assignments.contains("--json") == true)
    }

    @Test(arguments: [
        (ErrorCode.usage, ProgramStatus.usage), (.unreachable, .unreachable), (.streamTruncated, .unreachable),
        (.shuttingDown, .unreachable), (.busy, .unreachable), (.replicaRevoked, .mustEnrol), (.notEnrolled, .mustEnrol),
        (.replicaDiverged, .mustEnrol), (.keyMissing, .mustEnrol), (.certificateInvalid, .failed),
        (.fieldNotWritable, .failed), (.notFound, .failed), (.codeInvalid, .failed), (.userMismatch, .failed),
    ])
    func everyErrorHasItsExitCode(code: ErrorCode, expected: ProgramStatus) {
        #expect(ProgramStatus(SatchelError(code, "", remedy: "")) == expected)
    }
}
