import AsyncHTTPClient
import Foundation
import NIOCore
import SatchelCore
import SatchelProtocol
import SatchelWire
import Testing

@testable import SatchelServer

struct ConnectionTests {
    @Test func aSilentConnectionIsDroppedAndASpeakingOneIsNot() async throws {
        var limits = ServerLimits()
        limits.handshake = .seconds(1)
        try await TestServer.run(limits: limits) { server in
            let silent = try await RawConnection.plain(server)
            let half = try await RawConnection.plain(server)
            // The beginning of a TLS record that never goes on.
            try await half.send([0x16, 0x03, 0x01])
            let speaking = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await speaking.send("GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            try await eventually("The silent ones go.") { !silent.isOpen && !half.isOpen }
            try await eventually("The other is answered.") { speaking.text.hasSuffix(#"{"status":"ok"}"#) }
            #expect(speaking.isOpen)
        }
    }

    @Test func requestsThatAreNeverFinishedAreDropped() async throws {
        var limits = ServerLimits()
        limits.requestIdle = .seconds(1)
        limits.silentConnection = .seconds(2)
        try await TestServer.run(limits: limits) { server in
            let head = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await head.send("POST /v1/enrol HTTP/1.1\r\nhost: loc")
            let body = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await body.send("POST /v1/enrol HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nabc")
            let idle = try await RawConnection.secure(server, protocols: ["h2"])
            try await idle.send(RawConnection.http2Preface)
            try await eventually("They go.") { !head.isOpen && !body.isOpen && !idle.isOpen }
        }
    }

    /// However steadily it drips: each byte comes well within the idle time.
    @Test func aBodyThatDripsIsCut() async throws {
        var limits = ServerLimits()
        limits.smallBody = .seconds(1)
        try await TestServer.run(limits: limits) { server in
            for path in ["enrol", "nonce", "token"] {
                let connection = try await RawConnection.secure(server, protocols: ["http/1.1"])
                try await connection.send("POST /v1/\(path) HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8000\r\n\r\n")
                try await eventually("It is cut.") {
                    try? await connection.send("x")
                    return !connection.isOpen
                }
                #expect(connection.text.isEmpty)
            }
        }
    }

    /// A request, and right behind it, in the same packet, a TLS record that is no good.
    @Test func aRequestBeforeABrokenRecordDoesNoHarm() async throws {
        try await TestServer.run { server in
            for _ in 0..<10 {
                let connection = try await RawConnection.secure(server, protocols: ["h2"])
                try await connection.send(RawConnection.http2Preface)
                try await eventually("It is answered.") { connection.received.count >= 9 }
                connection.spoilNext()
                try? await connection.send(RawConnection.http2Request(stream: 1))
                try await eventually("It is dropped.") { !connection.isOpen }
            }
            #expect(try await TestClient(server).post("/v1/health", method: "GET").status == 200)
        }
    }

    @Test func anUnboundedHeaderIsRefused() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await connection.send("GET /v1/health HTTP/1.1\r\nhost: localhost\r\n")
            let line = "x-header: " + String(repeating: "a", count: 15_000) + "\r\n"
            for _ in 0..<10 where connection.isOpen { try? await connection.send(line) }
            try await eventually("It is refused.") { !connection.isOpen }
            #expect(!connection.text.contains("status"))
        }
    }
}

struct ShutdownTests {
    /// With the product's own times: the whole of it must stay below ten seconds.
    @Test func aShutdownEndsWhateverClientsDo() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            // Two that listen,
            let client1 = try TestClient(server, version: .http1Only)
            let live1 = try await server.live(device, client1)
            let live2 = try await server.live(device, client)
            _ = try await live1.run()
            _ = try await live2.run()
            // one that does not read what it asked for, nor anything else,
            let open = try device.pullOpen(isLive: true)
            let deaf = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await deaf.stopReading()
            try await deaf.send(
                Array(
                    ("POST /v1/pull HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(token)\r\n"
                        + "content-length: \(open.count)\r\n\r\n").utf8) + open)
            try await eventually("Three wait.") { server.server.liveStreams == 3 }
            // some that say nothing, or half of something, and one of HTTP/2 that answers no GOAWAY.
            let silent = try await RawConnection.plain(server)
            let idle = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await idle.send("GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            let head = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await head.send("POST /v1/push HTTP/1.1\r\nhost: localhost\r\n")
            let push = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await push.send(
                "POST /v1/push HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(token)\r\ncontent-length: 100\r\n\r\nabc")
            let enrol = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await enrol.send("POST /v1/enrol HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nabc")
            let stubborn = try await RawConnection.secure(server, protocols: ["h2"])
            try await stubborn.send(RawConnection.http2Preface)
            try await eventually("All are there.") {
                idle.text.hasSuffix(#"{"status":"ok"}"#) && stubborn.received.count >= 9 && server.server.openStreams == 4
            }

            let start = ContinuousClock.now
            await server.terminate()
            guard case .failed(let first)? = try await live1.rest().last,
                case .failed(let second)? = try await live2.rest().last
            else { throw Unexpected() }
            #expect(first == .shuttingDown && second == .shuttingDown)
            try await server.waitForEnd(seconds: 10)
            #expect(ContinuousClock.now - start < .seconds(10))
            try await eventually("Nobody is left.") {
                ![silent, idle, head, push, enrol, stubborn].contains { $0.isOpen }
            }
            try? await deaf.close()
            withExtendedLifetime(client1) {}
        }
    }

    @Test func whatIsInFlightIsFinishedAndDurable() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server, version: .http1Only)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let sealed = try device.write("a")
            let gate = DispatchSemaphore(value: 0)
            server.counting.hold(gate)
            let body = try encoded([device.opening(after: before), .transaction(sealed)])
            let pushing = Task { try await server.push(body, client, token) }
            try await eventually("It is on its way to the disk.") { server.counting.writes == 1 }
            await server.terminate()
            server.counting.hold(nil)
            gate.signal()
            let answer = try await pushing.value
            #expect(answer.acknowledgedThrough == 1)
            try await server.waitForEnd(seconds: 10)
            #expect(try server.store.entries(after: .zero, limit: 10).count == 1)
        }
    }

    /// Without grace, as when something beside the server fails: requests that still come must not end the process.
    @Test func aCancelledServerTakesNoMoreStreams() async throws {
        let folder = try TestFolder()
        try DevelopmentCertificates.create(in: folder.path)
        let store = try SQLiteServerStore.create(
            at: folder.path + "/satchel.sqlite", organisation: "org", governance: TestRules.governance())
        let port = Waiting<Int>()
        let ended = Waiting<Bool>()
        let server = try SatchelServer(
            configuration: ServerConfiguration(dataFolder: folder.path, port: 0), store: store, ready: { port.set($0) })
        let running = Task {
            defer { ended.set(true) }
            try await server.run()
        }
        let connection = try await RawConnection.secure(
            port: try await port.value(seconds: 20), authority: DevelopmentCertificates.authorityPath(in: folder.path),
            protocols: ["h2"])
        try await connection.send(RawConnection.http2Preface)
        try await connection.send(RawConnection.http2Request(stream: 1))
        try await eventually("It is answered.") { connection.received.count > 60 }
        running.cancel()
        for stream in 1..<50 {
            try? await connection.send(RawConnection.http2Request(stream: UInt8(2 * stream + 1)))
        }
        try await eventually("It is dropped.") { !connection.isOpen }
        _ = try await ended.value(seconds: 10)
        try store.close()
    }

    @Test func aPortInUseIsNamed() async throws {
        try await TestServer.run { server in
            var configuration = ServerConfiguration(dataFolder: server.folder.path, port: server.port)
            configuration.limits.shutdown = .seconds(1)
            let second = try SatchelServer(configuration: configuration, store: server.store)
            let error = await #expect(throws: SatchelError.self) { try await second.run() }
            #expect(error?.code == .portInUse)
            let third = try SatchelServer(configuration: configuration, store: server.store)
            let same = await #expect(throws: SatchelError.self) { try await third.runUntilTerminated() }
            #expect(same?.code == .portInUse)
        }
    }
}

extension RawConnection {
    /// What every HTTP/2 connection begins with, and an empty SETTINGS frame.
    /// A HEADERS frame that opens and ends a stream: GET / over https, from HPACK's static table.
    static func http2Request(stream: UInt8) -> [UInt8] { [0, 0, 3, 1, 5, 0, 0, 0, stream, 0x82, 0x84, 0x87] }

    static let http2Preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
}
