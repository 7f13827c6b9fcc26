import Foundation
import SatchelReplica
import Testing

// The README's example, so that the compiler reads it too. Between the two marks it is the README's, line for line.

/// Never called: it would need a server.
private func example() async throws {
    // README begins
    // The device's key is made beside the file, in satchel.sqlite.key, and never leaves it.
    let replica = try await Replica.open(path: "satchel.sqlite")
    if try await replica.status().replica == nil, let server = URL(string: "https://crm.example:7443") {
        _ = try await replica.enrol(
            server: server, certificateAuthority: .file("ca.pem"), code: "K7QM-…", device: "Anna's laptop")
    }

    // Ordinary SQL, on an ordinary file. What the role may not write is refused as it is written.
    let id = "01943aa0-bc00-725a-89f9-22adccbd0dc6"
    _ = try await replica.write { database in
        try database.execute(sql: "UPDATE company SET industry = 'retail' WHERE id = ?", arguments: [id])
    }

    let report = try await replica.sync()
    print(report.pushed, report.pulled)
    for refusal in try await replica.refusals() { print(refusal.reason) }
    // README ends
}

@Suite struct ReadmeTests {
    @Test func theExampleIsTheOneThatIsCompiledHere() throws {
        let file = URL(filePath: #filePath)
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let source = try String(contentsOf: file, encoding: .utf8)
        let shown = try #require(Self.lines(of: readme, from: "```swift", to: "```"))
        let compiled = try #require(Self.lines(of: source, from: "// README begins", to: "// README ends"))
        #expect(shown.filter { !$0.hasPrefix("import ") } == compiled)
        #expect(compiled.count > 10)
    }

    /// Without indentation and empty lines.
    private static func lines(of text: String, from first: String, to last: String) -> [String]? {
        let lines = text.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard let begin = lines.firstIndex(of: first) else { return nil }
        return Array(lines[(begin + 1)...].prefix { $0 != last })
    }
}
