import SatchelCore
import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

struct SchemaFileTests {
    @Test func aSchemaIsRead() throws {
        let schema = try readSchema(Array(smallSchema.utf8))
        #expect(schema.name == "small" && schema.version == 1)
        #expect(schema.tables.map(\.name) == ["company", "contact", "product"])
        let company = try #require(schema.table("company"))
        #expect(company.partition == [.territory(field: 2), .owner(field: 3)])
        #expect(company.fields[0] == Field(name: "name", type: .text, isRequired: true, maximumLength: 200))
        #expect(company.fields[1].isCreateOnly)
        #expect(schema.table("contact")?.partition == [.through(field: 0)])
        #expect(schema.table("contact")?.field("company")?.type == .reference("company"))
        #expect(schema.table("product")?.isOnlyGlobal == true)
        #expect(schema.table("product")?.field("kind")?.type == .enumeration(["a", "b"]))
    }

    @Test func everyTypeIsKnown() throws {
        let words = [
            "text", "integer", "real", "decimal", "boolean", "date", "datetime", "set", "blob", "json", "territory", "user",
        ]
        let lines = words.map { "      f_\($0): {type: \($0)}" }.joined(separator: "\n")
        let schema = try readSchema(
            Array("schema: s\nversion: 1\ntables:\n  t:\n    partition: [global]\n    fields:\n\(lines)".utf8))
        #expect(schema.tables[0].fields.map(\.type.word) == words)
    }

    /// A schema of one table; the fields begin at line 6, the rules stand in line 5.
    private static func table(_ fields: String, rules: String = "[global]", name: String = "t") -> String {
        "schema: s\nversion: 1\ntables:\n  \(name):\n    partition: \(rules)\n    fields: {\(fields)}\n"
    }

    private static func field(_ rest: String) -> String { table("f: {\(rest)}") }

    private static let refusals: [Refusal] = [
        Refusal("version: 1\nschema: s", 1, "The schema has no tables."),
        Refusal("version: 1\ntables: {}", 1, "has no schema"),
        Refusal("schema: s\nversion: 0\ntables: {}", 2, "version must be a whole number"),
        Refusal("schema: s\nversion: \"1\"\ntables: {}", 2, "version must be a whole number"),
        Refusal("schema: Crm\nversion: 1\ntables: {}", 1, "cannot be the name of a schema"),
        Refusal("schema: s\nversion: 1\ntabels: 3\ntables: {}", 3, "`tabels` is not a key of a schema"),
        Refusal("schema: s\nversion: 1\ntables: [t]", 3, "as a mapping; it is a list"),
        Refusal("schema: s\nversion: 1\ntables:\n  t:", 4, "Here must be a table"),
        Refusal("schema: s\nversion: 1\ntables:\n  t: {fields: {f: {type: text}}}", 4, "has no partition"),
        Refusal("schema: s\nversion: 1\ntables:\n  t: {partition: [global]}", 4, "has no fields"),
        Refusal(table(""), 6, "has 0 fields"),
        Refusal(field("type: strng"), 6, "`strng` is not a type"),
        Refusal(field("max: 3"), 6, "The field f has no type"),
        Refusal(field("type: text, lenght: 3"), 6, "`lenght` is not a key of a field"),
        Refusal(field("type: text, max: 0"), 6, "max must be a whole number"),
        Refusal(field("type: text, max: 1048577"), 6, "max must be a whole number"),
        Refusal(field("type: text, required: yes"), 6, "required must be true or false"),
        Refusal(field("type: integer, max: 3"), 6, "A field of type integer has no max"),
        Refusal(field("type: text, values: [a]"), 6, "A field of type text has no values"),
        Refusal(field("type: text, table: t"), 6, "A field of type text has no table"),
        Refusal(field("type: enum"), 6, "An enum has no values"),
        Refusal(field("type: enum, values: []"), 6, "An enumeration of 0 values"),
        Refusal(field("type: enum, values: a"), 6, "values must be a list"),
        Refusal(field("type: enum, values: [a, b, a]"), 6, "`a` is listed twice"),
        Refusal(field("type: enum, values: [a, \"\"]"), 6, "cannot be a value"),
        Refusal(field("type: enum, values: [\"a\\0\"]"), 6, "cannot be a value"),
        Refusal(field("type: reference"), 6, "A reference has no table"),
        Refusal(field("type: reference, table: nowhere"), 6, "no table `nowhere`", .unknownTable),
        Refusal(field("type: text, merge: counter"), 6, "merge: counter is not built yet", .notBuiltYet),
        Refusal(field("type: text, merge: newest"), 6, "`newest` is not a way to merge"),
        Refusal(field("type: text, default: x"), 6, "default of a field is not built yet", .notBuiltYet),
        Refusal(field("type: reference, table: t, onDelete: cascade"), 6, "onDelete of a field is not built yet", .notBuiltYet),
        Refusal(table("f: {type: text}") + "    unique: [[f]]", 7, "unique of a table is not built yet", .notBuiltYet),
        Refusal(table("f: {type: text}") + "    delete: yields", 7, "delete: yields is not built yet", .notBuiltYet),
        Refusal(table("f: {type: text}") + "    delete: never", 7, "`never` is no way"),
        Refusal(table("f: {type: text}", rules: "[]"), 5, "has no rule"),
        Refusal(table("f: {type: text}", rules: "global"), 5, "partition must be a list"),
        Refusal(table("f: {type: text}", rules: "[everywhere]"), 5, "not a partition rule"),
        Refusal(table("f: {type: text}", rules: "[{territory: f, owner: f}]"), 5, "not a partition rule"),
        Refusal(table("f: {type: text}", rules: "[global, global]"), 5, "listed twice"),
        Refusal(table("f: {type: text}", rules: "[global, {territory: g}]"), 5, "has no field `g`", .unknownField),
        Refusal(table("f: {type: text}", rules: "[global, {territory: f}]"), 5, "needs a field of type territory; f is text"),
        Refusal(table("f: {type: territory}", rules: "[{owner: f}]"), 5, "needs a field of type user"),
        Refusal(table("f: {type: user}", rules: "[global, {through: f}]"), 5, "needs a field of type reference"),
        Refusal(table("f: {type: reference, table: t}", rules: "[{through: f}]"), 5, "lead round in a circle"),
        Refusal(table("f: {type: text}", name: "T"), 4, "`T` cannot be the name of a table"),
        Refusal(table("f: {type: text}", name: "\"a b\""), 4, "cannot be the name of a table"),
        Refusal(table("f: {type: text}", name: "\"x\\\"; DROP\""), 4, "cannot be the name of a table"),
        Refusal(table("f: {type: text}", name: String(repeating: "a", count: 49)), 4, "cannot be the name of a table"),
        Refusal(table("f: {type: text}", name: "satchel_log"), 4, "satchel_log is reserved"),
        Refusal(table("f: {type: text}", name: "sqlite_master"), 4, "sqlite_master is reserved"),
        Refusal(table("f: {type: text}", name: "include"), 4, "include is reserved"),
        Refusal(table("id: {type: text}"), 6, "The field name id is reserved"),
        Refusal(table("rowid: {type: text}"), 6, "rowid is reserved"),
        Refusal(table("xmin: {type: text}"), 6, "xmin is reserved"),
        Refusal(table("_f: {type: text}"), 6, "`_f` cannot be the name of a field"),
        Refusal(table("1f: {type: text}"), 6, "`1f` cannot be the name of a field"),
        Refusal(table("satchel_f: {type: text}"), 6, "satchel_f is reserved"),
        Refusal(table("f: {type: text}, f: {type: user}"), 6, "f is written more than once"),
    ]

    @Test(arguments: refusals) func refusedWithItsLine(refusal: Refusal) { refusal.expect(readSchema) }

    @Test func allProblemsAreToldInTheOrderOfTheirLines() {
        let yaml =
            "schema: s\nversion: 1\ntables:\n  a:\n    partition: [{territory: f}]\n    fields: {f: {type: tekst}}\n  B:\n    partition: []\n    fields: {g: {type: text, onDelete: clear}}\n"
        let error = #expect(throws: FileProblems.self) { try readSchema(Array(yaml.utf8)) }
        #expect(error?.problems.map(\.line) == [6, 7, 8, 9])
        #expect(error?.problems.map(\.code) == [.fileInvalid, .fileInvalid, .fileInvalid, .notBuiltYet])
        #expect(error?.description.split(separator: "\n").count == 4)
        #expect(error?.description.hasPrefix("schema.yaml:6: `tekst` is not a type. The types are ") == true)
        #expect(error?.satchelError.code == .fileInvalid)
    }

    @Test func oneProblemGivesItsOwnCodeAndRemedy() {
        let error = #expect(throws: FileProblems.self) { try readSchema(Array(Self.field("type: text, merge: text").utf8)) }
        #expect(error?.satchelError.code == .notBuiltYet)
        #expect(error?.satchelError.message == "schema.yaml:6: merge: text is not built yet.")
        #expect(error?.satchelError.remedy == error?.problems.first?.remedy)
    }

    @Test func aTableHasAsManyFieldsAsAFieldSetIsWide() throws {
        func fields(_ count: Int) -> String { (0..<count).map { "f\($0): {type: text}" }.joined(separator: ", ") }
        #expect(try readSchema(Array(Self.table(fields(256)).utf8)).tables[0].fields.count == 256)
        Refusal(Self.table(fields(257)), 6, "has 257 fields", .tooLarge).expect(readSchema)
    }

    /// Tables t0 (global), t1 through t0, t2 through t1 …
    private func chain(_ length: Int) -> String {
        (0...length).reduce("schema: s\nversion: 1\ntables:\n") { text, index in
            index == 0
                ? text + "  t0: {partition: [global], fields: {f: {type: text}}}\n"
                : text + "  t\(index): {partition: [{through: f}], fields: {f: {type: reference, table: t\(index - 1)}}}\n"
        }
    }

    @Test func referencesMayBeFollowedOnlySoFar() throws {
        #expect(try readSchema(Array(chain(Limits.throughDepth).utf8)).tables.count == 17)
        Refusal(chain(Limits.throughDepth + 3), 4 + 17, "through more than 16 references", .tooLarge).expect(readSchema)
    }

    @Test func aCircleWithARootStands() throws {
        let yaml = """
            schema: s
            version: 1
            tables:
              a: {partition: [{through: b}, {owner: o}], fields: {b: {type: reference, table: b}, o: {type: user}}}
              b: {partition: [{through: a}], fields: {a: {type: reference, table: a}}}
            """
        #expect(try readSchema(Array(yaml.utf8)).tables.count == 2)
        let without = yaml.replacing("{through: b}, {owner: o}", with: "{through: b}")
        let error = #expect(throws: FileProblems.self) { try readSchema(Array(without.utf8)) }
        #expect(error?.problems.map(\.line) == [4, 5])
    }
}
