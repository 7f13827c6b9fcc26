import Foundation
import Testing

/// Bad input gets a clear error with its code, and nothing is lost by it.
@Suite struct BadInputTests {
    @Test func theCommandLineNamesWhatIsWrong() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        func code(_ arguments: [String]) throws -> String? {
            let outcome = try anna.run(arguments)
            #expect(outcome.exitCode == 1, "\(arguments): \(outcome.output)")
            return outcome.errorCode
        }
        #expect(try code(["set", "cmpny", company, "name=x"]) == "unknown-table")
        #expect(try code(["set", "company", company, "nme=x"]) == "unknown-field")
        #expect(try code(["set", "company", company, "visits=many"]) == "type-mismatch")
        #expect(try code(["set", "company", company, "industry=farming"]) == "not-in-enumeration")
        #expect(try code(["set", "company", company, "name=" + String(repeating: "x", count: 201)]) == "value-too-long")
        #expect(try code(["set", "company", company, "name="]) == "required-field-missing")
        #expect(try code(["set", "company", company, "territory=emea-nordics"]) == "field-not-writable")
        #expect(try code(["show", "company", "no-such-row"]) == "not-found")
        #expect(try code(["delete", "company", company]) == "delete-not-permitted")
        #expect(try code(["new", "company", "name=Nowhere"]) == "no-scope")
        #expect(try code(["new", "company", "name=Theirs", "territory=emea-nordics"]) == "create-not-permitted")
        // Absent and invisible read the same.
        let mia = try Laptop("mia", at: server)
        let foreign = try #require(
            try mia.rows("company").first { $0["territory"] as? String == "emea-nordics" }?["id"] as? String)
        let absent = "01900000-0000-7000-8000-000000000000"
        let answers = try [foreign, absent].map { id in
            try anna.run(["new", "contact", "company=\(id)", "name=x"]).output.replacingOccurrences(of: id, with: "ID")
        }
        #expect(answers[0] == answers[1])
        #expect(answers[0].contains("reference-not-visible"))
        #expect(try anna.run(["nonsense"]).exitCode == 2)
        #expect(try anna.run(["sql", "DELETE FROM company"]).exitCode == 1)
        #expect(try anna.run(["list", "company", "--where", "1=1; DELETE FROM company"]).exitCode == 1)
        #expect(try anna.run(["pending"]).rows.isEmpty)
    }

    /// Foundation passes only text on, so a shell makes the byte.
    @Test(arguments: ["satchel set company 1 \"name=$byte\"", "satcheld import --data d --mapping \"$byte\""])
    func anArgumentThatIsNotTextIsAUsageError(command: String) throws {
        let number = command.hasPrefix("satchel ") ? 4 : 5
        for isJSON in [true, false] {
            let script = "byte=$(printf '\\377'); exec \"$0\"/\(command)\(isJSON ? " --json" : "")"
            let running = try RunningProgram(
                URL(fileURLWithPath: "/bin/sh"), ["-c", script, Programs.folder.path],
                in: FileManager.default.temporaryDirectory)
            #expect(running.wait(seconds: 60))
            let outcome = Outcome(exitCode: running.exitCode, output: running.output, errors: running.errors)
            #expect(outcome.exitCode == 2, "\(outcome)")
            #expect((isJSON ? outcome.output : outcome.errors).contains("Argument \(number) is not UTF-8"), "\(outcome)")
            #expect(isJSON ? outcome.errorCode == "usage" && outcome.errors.isEmpty : outcome.output.isEmpty, "\(outcome)")
        }
    }

    /// What another SQLite client writes.
    @Test func anotherSQLiteClientIsHeldToTheSameRules() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let row = try #require(try anna.rows("company").first)
        let company = try #require(row["id"] as? String)
        func sql(_ text: String) throws -> Outcome {
            let running = try RunningProgram(
                URL(fileURLWithPath: "/usr/bin/sqlite3"), ["-cmd", ".timeout 5000", anna.file, text])
            #expect(running.wait(seconds: 30))
            return Outcome(exitCode: running.exitCode, output: running.output, errors: running.errors)
        }
        #expect(try sql("UPDATE company SET credit_limit = '1' WHERE id = '\(company)'").errors.contains("field-not-writable"))
        #expect(
            try sql("UPDATE company SET industry = 'farming' WHERE id = '\(company)'").errors.contains("not-in-enumeration"))
        #expect(try sql("UPDATE company SET notes = 'by sqlite3' WHERE id = '\(company)'").exitCode == 0)
        // Invalid UTF-8 slips past SQL; it is caught when the change is closed, put back, and kept.
        #expect(try sql("UPDATE company SET name = CAST(x'C3286E616D65' AS TEXT) WHERE id = '\(company)'").exitCode == 0)
        let synced = try anna.sync()
        #expect([0, 4].contains(synced.exitCode), "\(synced.output)")
        let mia = try Laptop("mia", at: server)
        let arrived = try mia.run(["show", "company", company]).object
        #expect(arrived["notes"] as? String == "by sqlite3")
        #expect(arrived["name"] as? String == row["name"] as? String)
        #expect(try anna.run(["show", "company", company]).object["name"] as? String == row["name"] as? String)
        #expect(try anna.run(["refused"]).rows.contains { $0["code"] as? String == "invalid-text" })
    }

    @Test func enrolmentRefusesWhatItMust() throws {
        let server = try Server()
        try server.start()
        let laptop = try Laptop()
        let code = try server.code(for: "anna")
        let wrong = try laptop.enrol(at: server, code: "AAAA-BBBB-CCCC-DDDD")
        #expect(wrong.exitCode == 1 && wrong.errorCode == "code-invalid")
        #expect(try laptop.enrol(at: server, code: code).exitCode == 0)
        let reused = try Laptop().enrol(at: server, code: code)
        #expect(reused.exitCode == 1 && reused.errorCode == "code-invalid")
        #expect(reused.output == wrong.output)

        let missing = try Laptop().run(
            ["enrol", "--server", server.url, "--ca", "/nowhere/ca.pem", "--code", server.code(for: "ben")])
        #expect(missing.exitCode == 1 && missing.errorCode == "ca-missing")
        let other = try Server()
        let untrusted = try Laptop().run(
            ["enrol", "--server", server.url, "--ca", other.authority, "--code", server.code(for: "ben")])
        #expect(untrusted.exitCode == 1 && untrusted.errorCode == "certificate-invalid")
        let notEnrolled = try Laptop().sync()
        #expect(notEnrolled.exitCode == 5 && notEnrolled.errorCode == "not-enrolled")

        // The file is Anna's for ever.
        let taken = try laptop.enrol(at: server, code: server.code(for: "ben"))
        #expect(taken.exitCode == 1 && taken.errorCode == "user-mismatch")
        #expect(try laptop.sync().exitCode == 0)
    }

    @Test func foreignFilesAreLeftAlone() throws {
        let folder = try TestFolder()
        let text = try folder.write("letter.sqlite", "Dear Anna, this is no database at all.")
        let outcome = try Programs.run("satchel", ["status", "--replica", text, "--json"])
        #expect(outcome.exitCode == 1 && outcome.errorCode == "not-a-satchel")
        #expect(try String(contentsOfFile: text, encoding: .utf8).hasPrefix("Dear Anna"))

        let server = try Server()
        try server.start()
        let anna = try Laptop("anna", at: server)
        let bumped = try RunningProgram(URL(fileURLWithPath: "/usr/bin/sqlite3"), [anna.file, "PRAGMA user_version = 9999"])
        #expect(bumped.wait(seconds: 10))
        let newer = try anna.run(["status"])
        #expect(newer.exitCode == 1 && newer.errorCode == "file-too-new")
    }

    @Test func theServerGuardsItsFolderAndItsPort() throws {
        let server = try Server()
        try server.start()
        let second = try Programs.run("satcheld", ["serve", "--data", server.data, "--listen", "127.0.0.1:0", "--json"])
        #expect(second.exitCode == 1 && second.errorCode == "already-running")
        let other = try Server()
        let clash = try Programs.run(
            "satcheld", ["serve", "--data", other.data, "--listen", "127.0.0.1:\(server.port)", "--json"])
        #expect(clash.exitCode == 1 && clash.errorCode == "port-in-use")
        // The first one still answers, and its socket still serves the admin.
        #expect(try server.admin(["status"]).exitCode == 0)
        #expect(try Laptop("anna", at: server).run(["status"]).object["user"] as? String == "anna")
        // One that connects and says nothing is put out.
        let silent = try Silent(port: server.port)
        #expect(silent.isClosed(within: 30))
        silent.close()
    }

    @Test func filesOfTheAdminAreCheckedByLine() throws {
        let folder = try TestFolder()
        let schema = try folder.write(
            "schema.yaml",
            "schema: bad\nversion: 1\ntables:\n  company:\n    partition: [global]\n    fields:\n      name: {type: txt}\n")
        let outcome = try Programs.run(
            "satcheld",
            [
                "init", "--data", folder.path("data"), "--schema", schema,
                "--policy", Pack.crm.appendingPathComponent("policy.yaml").path,
                "--organisation", Pack.crm.appendingPathComponent("organisation.yaml").path,
            ])
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors.contains("schema.yaml:7"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("data/satchel.sqlite")))
    }
}
