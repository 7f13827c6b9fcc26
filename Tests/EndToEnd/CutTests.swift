import Foundation
import Testing

/// The network fails at every place it can: between the laptop and the server a proxy cuts at each TLS record in turn.
@Suite struct CutTests {
    @Test func aSyncThatIsCutAtEveryFrameIsAppliedOnce() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 40)
        try server.start()
        let proxy = try CuttingProxy(to: server.port)
        defer { proxy.close() }
        let anna = try Laptop("anna", at: server, url: proxy.url)
        let mia = try Laptop("mia", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        let mine = try #require(try anna.rows("company").last?["id"] as? String)

        var written: [String: String] = [:]
        var count = 0
        while true {
            // Something to push and something to pull, each time.
            let name = "Cut \(count)"
            written[try anna.create("contact", ["company=\(company)", "name=\(name)"])] = name
            #expect(try mia.run(["set", "company", mine, "notes=note \(count)"]).exitCode == 0)
            #expect(try mia.sync().exitCode == 0)
            proxy.cut(after: count)
            let outcome = try anna.sync()
            let passed = proxy.passed
            proxy.cut(after: nil)
            if outcome.exitCode == 0, passed < count { break }
            #expect(outcome.exitCode == 3 || outcome.exitCode == 0, "\(outcome.output)")
            count += 1
            try #require(count < 200, "the sync never came through whole")
        }
        // Handshake, token, push and pull are several records each.
        #expect(count > 10)
        #expect(try anna.sync().exitCode == 0)
        #expect(try mia.sync().exitCode == 0)
        for laptop in [anna, mia] {
            let contacts = try laptop.rows("contact").filter { ($0["name"] as? String)?.hasPrefix("Cut ") == true }
            #expect(contacts.count == written.count)
            for contact in contacts { #expect(written[contact["id"] as? String ?? ""] == contact["name"] as? String) }
            #expect(try laptop.run(["show", "company", mine]).object["notes"] as? String == "note \(count)")
        }
        #expect(try anna.run(["pending"]).rows.isEmpty)
        #expect(try anna.run(["verify"]).object["ok"] as? Bool == true)
    }

    @Test func theServerIsKilledInTheMiddle() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let proxy = try CuttingProxy(to: server.port)
        defer { proxy.close() }
        let anna = try Laptop("anna", at: server, url: proxy.url)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        var names: Set<String> = []
        for round in 0..<12 {
            for index in 0..<5 {
                let name = "Kill \(round)-\(index)"
                names.insert(name)
                _ = try anna.create("contact", ["company=\(company)", "name=\(name)"])
            }
            let victim = try #require(server.process)
            proxy.trigger(after: 2 + round * 2) { victim.kill() }
            let outcome = try anna.sync()
            #expect([0, 3].contains(outcome.exitCode), "\(outcome.output)")
            server.kill()
            try server.start()
        }
        #expect(try anna.sync().exitCode == 0)
        let there = try Laptop("mia", at: server)
        let arrived = try there.rows("contact").compactMap { $0["name"] as? String }.filter { $0.hasPrefix("Kill ") }
        #expect(Set(arrived) == names)
        #expect(arrived.count == names.count)
        #expect(try anna.run(["pending"]).rows.isEmpty)
    }

    @Test func theLaptopIsKilledInTheMiddle() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let proxy = try CuttingProxy(to: server.port)
        defer { proxy.close() }
        let anna = try Laptop("anna", at: server, url: proxy.url)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        var names: Set<String> = []
        for round in 0..<12 {
            for index in 0..<5 {
                let name = "Crash \(round)-\(index)"
                names.insert(name)
                _ = try anna.create("contact", ["company=\(company)", "name=\(name)"])
            }
            let box = Box()
            proxy.trigger(after: 2 + round * 2) { box.kill() }
            let syncing = try anna.start(["sync"])
            box.set(syncing)
            #expect(syncing.wait(seconds: 60))
        }
        proxy.cut(after: nil)
        #expect(try anna.sync().exitCode == 0)
        let there = try Laptop("mia", at: server)
        let arrived = try there.rows("contact").compactMap { $0["name"] as? String }.filter { $0.hasPrefix("Crash ") }
        #expect(Set(arrived) == names)
        #expect(arrived.count == names.count)
        #expect(try anna.run(["verify"]).object["ok"] as? Bool == true)
    }

    /// A program that may be named after the order to kill it was given.
    private final class Box: @unchecked Sendable {  // both fields are under the lock
        private let lock = NSLock()
        private var program: RunningProgram?
        private var isDoomed = false

        func set(_ program: RunningProgram) {
            let isDoomed = lock.withLock {
                self.program = program
                return self.isDoomed
            }
            if isDoomed { program.kill() }
        }

        func kill() {
            let program = lock.withLock {
                isDoomed = true
                return self.program
            }
            if let program { Foundation.kill(program.identifier, SIGKILL) }
        }
    }
}
