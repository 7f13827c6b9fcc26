import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

struct YAMLTests {
    private static let refusals: [Refusal] = [
        Refusal("", 1, "The file is empty"),
        Refusal("# nothing\n", 1, "The file is empty"),
        Refusal("schema: s\n\tversion: 1", 2, "not valid YAML"),
        Refusal("schema: [s\nversion: 1", 2, "not valid YAML"),
        Refusal("schema: s\n---\nschema: s", 2, "another document"),
        Refusal("schema: s\nversion: 1\ntables: {}\nversion: 2", 2, "version is written more than once"),
        Refusal("schema: &a s\nversion: 1\ntables: {}", 1, "anchors"),
        Refusal("schema: s\nversion: 1\ntables:\n  t: *missing", 4, "not valid YAML"),
        Refusal("schema: !!binary aGk=\nversion: 1\ntables: {}", 1, "tag"),
        Refusal("[schema]: s\nschema: s\nversion: 1\ntables: {}", 1, "A key is not text"),
        Refusal("schema: s\nversion: 1\ntables: \u{7}", 3, "not valid YAML"),
        Refusal("schema: s\nversion: 1\ntables: " + nested(14), 3, "nested deeper"),
    ]

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test(arguments: refusals) func refusedWithItsLine(refusal: Refusal) {
        do {
            _ = try readSchema(Array(refusal.yaml.utf8))
            Issue.record("accepted")
        } catch {
            #expect(error.problems.contains { $0.line == refusal.line && $0.message.contains(refusal.words) }, "\(error)")
        }
    }

    @Test func bytesThatAreNotUTF8AreRefusedAtTheirLine() {
        Refusal("", 2, "not UTF-8").expect { bytes throws(FileProblems) in
            try readSchema(bytes + Array("schema: s\nversion: \u{e9}".utf8.dropLast()) + [0xFF])
        }
    }

    @Test func aFileThatIsTooLargeIsNotParsed() {
        let bytes = Array(repeating: UInt8(ascii: "#"), count: 2 * 1024 * 1024 + 1)
        let error = #expect(throws: FileProblems.self) { try readSchema(bytes) }
        #expect(error?.problems.map(\.code) == [.tooLarge])
    }

    /// Thirty levels of doubling, as values and as keys (which a parser compares, and so expands).
    @Test(arguments: [false, true]) func bombsOfAliasesEndAtOnce(asKeys: Bool) {
        var yaml = "a0: &a0 [x, x]\n"
        for level in 1...30 { yaml += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        yaml += asKeys ? "? *a30\n: x\n? *a29\n: y\n" : "tables: *a30\n"
        let clock = ContinuousClock()
        let spent = clock.measure {
            let error = #expect(throws: FileProblems.self) { try readSchema(Array(yaml.utf8)) }
            #expect(error?.problems.first?.message.contains("aliases") == true)
        }
        #expect(spent < .seconds(5))
    }

    @Test func fewAliasesAreRefusedByTheirLinesToo() {
        let yaml = "schema: s\nversion: 1\ntables:\n  t: &t\n    partition: [global]\n    fields: {f: {type: text}}\n  u: *t\n"
        let error = #expect(throws: FileProblems.self) { try readSchema(Array(yaml.utf8)) }
        #expect(error?.problems.contains { $0.message.contains("anchors") } == true)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "\"a\": ["]) func deepNestingEnds(unit: String) {
        #expect(throws: FileProblems.self) { try readSchema(Array(String(repeating: unit, count: 100_000).utf8)) }
    }

    @Test func starsAndAmpersandsInTextAreNoAliases() throws {
        let yaml = String(repeating: "# **bold** and *emphasis* for R&D\n", count: 40) + smallSchema
        #expect(try readSchema(Array(yaml.utf8)).tables.count == 3)
    }

    @Test func aFileOfTheWrongKindGivesAListWithAnEnd() {
        let yaml = (0..<500).map { "key\($0): x\n" }.joined()
        let error = #expect(throws: FileProblems.self) { try readSchema(Array(yaml.utf8)) }
        #expect(error?.problems.count == 101)
        #expect(error?.problems.last?.message.contains("more problems") == true)
    }

    @Test func aFileThatIsNotThereSaysSo() {
        let error = #expect(throws: FileProblems.self) { try SchemaFile.load(path: "/nowhere/schema.yaml") }
        #expect(error?.description.hasPrefix("schema.yaml:1: The file /nowhere/schema.yaml cannot be opened.") == true)
        #expect(throws: FileProblems.self) { try SchemaFile.load(path: "/") }
    }
}
