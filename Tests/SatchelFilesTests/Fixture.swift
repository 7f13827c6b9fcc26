import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

/// A refusal that a test expects: the line, the code, and words of the message.
struct Refusal: Sendable, CustomTestStringConvertible {
    let yaml: String
    let line: Int
    let code: ErrorCode
    let words: String

    init(_ yaml: String, _ line: Int, _ words: String, _ code: ErrorCode = .fileInvalid) {
        self.yaml = yaml
        self.line = line
        self.code = code
        self.words = words
    }

    var testDescription: String { words }

    /// The file must be refused for this and nothing else.
    func expect(_ read: ([UInt8]) throws(FileProblems) -> some Any) {
        do {
            _ = try read(Array(yaml.utf8))
            Issue.record("accepted, instead of refusing: \(words)")
        } catch {
            #expect(error.problems.map(\.line) == [line], "\(error)")
            #expect(error.problems.map(\.code) == [code], "\(error)")
            #expect(error.problems.allSatisfy { $0.message.contains(words) }, "\(error)")
            #expect(
                error.problems.allSatisfy { !$0.remedy.isEmpty && $0.message.hasSuffix(".") && $0.remedy.hasSuffix(".") },
                "\(error)")
        }
    }
}

/// The schema that the tests of the policy and of the organisation stand on.
let smallSchema = """
    schema: small
    version: 1
    tables:
      company:
        partition: [{territory: territory}, {owner: owner}]
        delete: wins
        fields:
          name:      {type: text, required: true, max: 200, merge: lww}
          tax:       {type: text, createOnly: true}
          territory: {type: territory}
          owner:     {type: user}
      contact:
        partition: [{through: company}]
        fields:
          company: {type: reference, table: company}
          name:    {type: text}
      product:
        partition: [global]
        fields: {name: {type: text}, kind: {type: enum, values: [a, b]}}
    """

let smallPolicy = """
    policy: small
    version: 3
    precedence: [manager, rep]
    graceDays: 10
    roles:
      everyone: {product: {read: [name]}}
      rep:
        company: {read: all, write: [name], create: true}
        contact: {read: all, write: all, create: [name], delete: true}
      manager: {include: [rep], company: {write: all, delete: true}}
    """

func readSchema(_ bytes: [UInt8]) throws(FileProblems) -> Schema { try SchemaFile.read(bytes, file: "schema.yaml") }

func readPolicy(_ bytes: [UInt8]) throws(FileProblems) -> Policy {
    try PolicyFile.read(bytes, file: "policy.yaml", schema: try readSchema(Array(smallSchema.utf8)))
}

func readOrganisation(_ bytes: [UInt8]) throws(FileProblems) -> OrganisationFile {
    try OrganisationFile.read(bytes, file: "organisation.yaml", policy: try readPolicy(Array(smallPolicy.utf8)))
}
