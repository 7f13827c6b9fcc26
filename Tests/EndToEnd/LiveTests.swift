import Foundation
import Testing

@Suite struct LiveTests {
    @Test func aChangeArrivesWhileTheOtherListens() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let mia = try Laptop("mia", at: server)
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        let live = try anna.start(["sync", "--live"])
        defer { live.kill() }
        // The first line says that the listening has begun.
        #expect(Wait.until(seconds: 20) { live.output.contains("\n") }, "\(live.output) \(live.errors)")

        #expect(try mia.run(["set", "company", company, "notes=seen live"]).exitCode == 0)
        #expect(try mia.sync().exitCode == 0)
        #expect(Wait.until(seconds: 20) { live.output.contains(company) }, "\(live.output) \(live.errors)")
        #expect(try anna.run(["show", "company", company]).object["notes"] as? String == "seen live")
        for line in live.output.split(separator: "\n") {
            _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }

        // What is written here meanwhile goes up without another sync.
        #expect(try anna.run(["set", "company", company, "notes=answered live"]).exitCode == 0)
        let arrived = try Wait.until(seconds: 20) {
            _ = try mia.sync()
            return try mia.run(["show", "company", company]).object["notes"] as? String == "answered live"
        }
        #expect(arrived)
    }

    @Test func aRevokedReplicaGetsNothingMore() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 10)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let replica = try #require(try anna.run(["status"]).object["replica"] as? String)
        let live = try anna.start(["sync", "--live"])
        defer { live.kill() }
        #expect(Wait.until(seconds: 20) { live.output.contains("\n") }, "\(live.errors)")
        #expect(try server.admin(["replica", "revoke", replica]).exitCode == 0)
        #expect(live.wait(seconds: 20), "the live stream of a revoked replica stays open")
        #expect(live.exitCode == 5)
        #expect(try anna.sync().exitCode == 5)

        // A new identity for the same file, which keeps its queue.
        let company = try #require(try anna.rows("company").first?["id"] as? String)
        #expect(try anna.run(["set", "company", company, "notes=kept"]).exitCode == 0)
        #expect(try anna.enrol(at: server, code: server.code(for: "anna")).exitCode == 0)
        #expect(try anna.sync().exitCode == 0)
        let mia = try Laptop("mia", at: server)
        #expect(try mia.run(["show", "company", company]).object["notes"] as? String == "kept")
    }

    @Test func twoLaptopsWorkAtOnce() throws {
        let server = try Server()
        _ = try Pack.load(into: server, companies: 20)
        try server.start()
        let laptops = [try Laptop("anna", at: server), try Laptop("mia", at: server)]
        let company = try #require(try laptops[0].rows("company").first?["id"] as? String)
        for round in 0..<10 {
            for (index, laptop) in laptops.enumerated() {
                _ = try laptop.create("contact", ["company=\(company)", "name=P \(round)-\(index)"])
                #expect(try laptop.run(["set", "company", company, "notes=round \(round) of \(index)"]).exitCode == 0)
            }
            let running = try laptops.map { try $0.start(["sync"]) }
            for sync in running {
                #expect(sync.wait(seconds: 60))
                #expect(sync.exitCode == 0, "\(sync.output) \(sync.errors)")
            }
        }
        for laptop in laptops + laptops { #expect(try laptop.sync().exitCode == 0) }
        let notes = try laptops.map { try $0.run(["show", "company", company]).object["notes"] as? String }
        #expect(notes[0] == notes[1])
        for laptop in laptops {
            let names = try laptop.rows("contact").compactMap { $0["name"] as? String }.filter { $0.hasPrefix("P ") }
            #expect(names.count == 20 && Set(names).count == 20)
        }
    }

    @Test func shutdownIsBoundedWhateverClientsDo() throws {
        let server = try Server()
        try server.start()
        let anna = try Laptop("anna", at: server)
        let live = try anna.start(["sync", "--live"])
        defer { live.kill() }
        #expect(Wait.until(seconds: 20) { live.output.contains("\n") }, "\(live.errors)")
        // One that connects and says nothing, one that says half a request's worth of nonsense.
        let silent = try Silent(port: server.port)
        let noisy = try Silent(port: server.port, saying: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        let process = try #require(server.process)
        process.terminate()
        #expect(process.wait(seconds: 10), "SIGTERM did not end the server within 10 s")
        #expect(process.exitCode == 0)
        silent.close()
        noisy.close()
    }
}

/// A TCP connection that never speaks TLS.
final class Silent {
    private let descriptor: Int32

    init(port: Int, saying bytes: [UInt8] = []) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw TestFault("could not connect") }
        if !bytes.isEmpty { _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, bytes.count, 0) } }
    }

    /// Whether the other side has closed.
    func isClosed(within seconds: Double) -> Bool {
        Wait.until(seconds: seconds) {
            var byte: UInt8 = 0
            let got = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        }
    }

    func close() { Foundation.close(descriptor) }
}
