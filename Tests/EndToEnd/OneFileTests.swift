import Foundation
import SatchelReplica
import Testing

/// An app with the library and the command line on one file at once.
@Suite struct OneFileTests {
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
