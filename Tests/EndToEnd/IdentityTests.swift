import Foundation
import Testing

/// One file in two places, two programs on one file, and rights that narrow: what adversaries found.
@Suite struct IdentityTests {
    @Test func aCopiedFileIsFoundOutBeforeAnythingOfItIsTaken() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 10)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let clone = try Laptop(copying: anna)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        #expect(try anna.run(["set", "company", company, "notes=by the first"]).exitCode == 0)
        #expect(try anna.sync().exitCode == 0)

        #expect(try clone.run(["set", "company", company, "visits=31"]).exitCode == 0)
        #expect(try clone.run(["set", "company", company, "notes=by the clone"]).exitCode == 0)
        let outcome = try clone.sync()
        #expect(outcome.exitCode == 5 && outcome.errorCode == "replica-diverged")
        #expect(try clone.run(["pending"]).rows.count == 2)
        // The first is not harmed, and nothing of the clone has landed.
        #expect(try anna.sync().exitCode == 0)
        #expect(try anna.run(["show", "company", company]).object["notes"] as? String == "by the first")

        // Under a new identity the clone's work arrives, once.
        #expect(try clone.enrol(at: server, code: server.code(for: "anna")).exitCode == 0)
        #expect(try clone.sync().exitCode == 0)
        #expect(try anna.sync().exitCode == 0)
        #expect(try anna.run(["show", "company", company]).object["visits"] as? Int == 31)
        let conflict = try #require(try anna.run(["conflicts"]).rows.first)
        let heads = [conflict["kept"] as? [String: Any] ?? [:]] + (conflict["lost"] as? [[String: Any]] ?? [])
        #expect(Set(heads.compactMap { $0["value"] as? String }) == ["by the first", "by the clone"])
    }

    @Test func aRevokedFileGoesOnUnderANewIdentityWithoutRepeatingItself() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 10)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        #expect(try anna.run(["set", "company", company, "notes=one"]).exitCode == 0)
        // A copy made before the first sync holds the same queue; the server hears it from the first.
        let other = try Laptop(copying: anna)
        #expect(try anna.sync().exitCode == 0)
        #expect(try other.run(["set", "company", company, "notes=two"]).exitCode == 0)
        #expect(try other.enrol(at: server, code: server.code(for: "anna")).exitCode == 0)
        let synced = try other.sync()
        #expect(synced.exitCode == 0)
        #expect(synced.object["conflicts"] as? Int == 0)
        #expect(try anna.sync().exitCode == 0)
        #expect(try anna.run(["show", "company", company]).object["notes"] as? String == "two")
        #expect(try anna.run(["conflicts"]).rows.isEmpty)
        #expect(try other.run(["status"]).object["pending"] as? Int == 0)
    }

    @Test func manySyncsOfOneFileAtOnceAgree() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 10)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        for round in 0..<8 {
            for index in 0..<3 { _ = try anna.create("contact", ["company=\(company)", "name=N \(round)-\(index)"]) }
            let running = try (0..<3).map { _ in try anna.start(["sync"]) }
            for sync in running {
                #expect(sync.wait(seconds: 60))
                #expect(sync.exitCode == 0, "\(sync.output) \(sync.errors)")
            }
        }
        #expect(try anna.run(["status"]).object["state"] as? String == "ready")
        let mia = try Laptop("mia", at: server)
        let names = try mia.rows("contact").compactMap { $0["name"] as? String }.filter { $0.hasPrefix("N ") }
        #expect(names.count == 24 && Set(names).count == 24)
    }

    @Test func losersGoWithTheRightToReadThem() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let mia = try Laptop("mia", at: server)
        let clara = try Laptop("clara", at: server)
        let company = try #require(
            try anna.rows("company").first { $0["owner"] is NSNull }?["id"] as? String)
        #expect(try anna.run(["set", "company", company, "notes=LOSER-4711-ANNA"]).exitCode == 0)
        #expect(try mia.run(["set", "company", company, "notes=LOSER-4711-MIA"]).exitCode == 0)
        for laptop in [anna, mia, clara] { #expect(try laptop.sync().exitCode == 0) }
        #expect(clara.holds("LOSER-4711-ANNA") && clara.holds("LOSER-4711-MIA"))
        #expect(
            try server.admin(["revoke", "--user", "clara", "--role", "rep", "--territory", "emea-dach"]).exitCode == 0)
        #expect(try clara.sync().exitCode == 0)
        #expect(!clara.holds("LOSER-4711-ANNA") && !clara.holds("LOSER-4711-MIA"))
        #expect(try clara.run(["conflicts"]).rows.isEmpty)
        // As a peer she still sees the company's name.
        #expect(try clara.run(["show", "company", company]).object["name"] is String)
    }
}
