import Foundation
import SatchelReplica
import Testing

/// An app with the library and the command line on one file at once.
@Suite struct OneFileTests {
    /// A value of the greatest size makes its row travel in parts; comparing must not take the parts for damage.
    @Test func aGreatValueArrivesAndVerifies() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 5)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let mia = try Laptop("mia", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        let written = try RunningProgram(
            URL(fileURLWithPath: "/usr/bin/sqlite3"),
            [anna.file, "UPDATE company SET notes = hex(zeroblob(524288)), tags = '[\"a\"]' WHERE id = '\(company)'"])
        #expect(written.wait(seconds: 60) && written.exitCode == 0)
        #expect(try anna.sync().exitCode == 0)
        #expect(try mia.sync().exitCode == 0)
        for laptop in [anna, mia] {
            #expect((try laptop.run(["show", "company", company]).object["notes"] as? String)?.utf8.count == 1_048_576)
            let verified = try laptop.run(["verify"])
            #expect(verified.exitCode == 0 && verified.object["ok"] as? Bool == true, "\(verified.output)")
        }
    }

    @Test func anAppAndTheCommandLineShareAFile() async throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 10)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)

        let replica = try await Replica.open(path: anna.file, keys: FileKeyStore(path: anna.file + ".key"))
        #expect(try anna.run(["set", "company", company, "notes=by the command line"]).exitCode == 0)
        let seen = try await replica.read { database in
            try String.fetchOne(database, sql: "SELECT notes FROM company WHERE id = ?", arguments: [company])
        }
        #expect(seen == "by the command line")
        try await replica.write { database in
            try database.execute(sql: "UPDATE company SET visits = 4711 WHERE id = ?", arguments: [company])
        }
        #expect(try anna.run(["show", "company", company]).object["visits"] as? Int == 4711)
        let report = try await replica.sync()
        #expect(report.pushed == 2)
        let mia = try Laptop("mia", at: server)
        let arrived = try mia.run(["show", "company", company]).object
        #expect(arrived["notes"] as? String == "by the command line")
        #expect(arrived["visits"] as? Int == 4711)
    }
}
