import AsyncHTTPClient
import Foundation
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelWire
import Testing

@testable import SatchelServer

struct PullRouteTests {
    @Test(arguments: PushRouteTests.versions)
    func aPullEndsWithACheckpointFromWhichTheNextGoesOn(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
        try await TestServer.run { server in
            let client = try TestClient(server, version: version)
            var device = try await TestDevice.enrolled("anna", server, client)
            try await server.write(["a", "b"], by: &device, client)
            let token = try await device.token(client)
            let frames = try await server.pull(device, client, token)
            #expect(frames.rows == 2, "\(frames)")
            let cursor = try #require(frames.checkpoint?.cursor)
            #expect(frames.checkpoint?.appliedThrough == 2)
            device.cursor = cursor
            let later = try await server.pull(device, client, token)
            #expect(later.rows == 0 && later.checkpoint?.cursor.position == cursor.position)
            // Ben sees nothing of the north.
            let ben = try await TestDevice.enrolled("ben", server, client)
            #expect(try await server.pull(ben, client, try await ben.token(client)).rows == 0)
        }
    }

    @Test func aCursorThatThisServerNeverSentIsForeign() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            var device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            device.cursor = Cursor(epoch: device.epoch, position: Position(5), seal: [UInt8](repeating: 1, count: 16))
            let frames = try await server.pull(device, client, token)
            #expect(
                frames == [
                    .failed(
                        Failure(
                            code: .foreignCursor, message: "This server never sent that cursor to you.", action: .pullAnew))
                ])
        }
    }

    @Test func whatIsNoRequestIsAnsweredWithAFailure() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            let open = try device.pullOpen(isLive: false)
            for (body, status, code) in [
                ([], 400, ErrorCode.malformed), ([0], 400, .malformed), ([0xFF, 0xFF, 0xFF, 0x7F], 400, .malformed),
                (Array(open.dropLast()), 400, .malformed), ([UInt8](repeating: 0, count: 9000), 413, .tooLarge),
            ] {
                let reply = try await client.post("/v1/pull", body, token: token)
                #expect(reply.status == status && reply.failure?.code == code, "\(body.prefix(8))")
            }
            for (path, method) in [("/v1/nothing", "POST"), ("/v1/pull", "GET"), ("/", "GET"), ("/v1/pull/", "POST")] {
                let reply = try await client.post(path, token: token, method: method)
                #expect(reply.status == 404 && reply.failure?.code == .notFound)
            }
            for path in ["/v1/enrol", "/v1/token"] {
                let long = try await client.post(path, [UInt8](repeating: 1, count: Limits.unauthenticatedBytes + 1))
                #expect(long.status == 413 && long.failure?.code == .tooLarge)
                let odd = try await client.post(path, [0xFF, 0xFF, 0xFF])
                #expect(odd.status == 400 && odd.failure?.code == .malformed)
            }
            // The connection, and the server, live on.
            #expect(try await client.post("/v1/pull", open, token: token).status == 200)
        }
    }

    @Test func healthAsksTheStoreNothing() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let reads = server.counting.reads
            let reply = try await client.post("/v1/health", method: "GET")
            #expect(reply.status == 200 && String(decoding: reply.bytes, as: UTF8.self) == #"{"status":"ok"}"#)
            #expect(server.counting.reads == reads)
        }
    }

    /// One place for passes, taken by a client that does not read: it must be free again soon.
    @Test(arguments: ["http/1.1"])
    func aReaderThatTakesNothingLosesItsPlace(_ version: String) async throws {
        var limits = ServerLimits()
        limits.firstLoads = 1
        limits.stall = .milliseconds(1500)
        limits.heartbeat = .seconds(1)
        try await TestServer.run(limits: limits) { server in
            let client = try TestClient(server)
            var device = try await TestDevice.enrolled("anna", server, client)
            // More than every buffer between here and there holds.
            let long = String(repeating: "x", count: 900_000)
            for _ in 0..<6 { try await server.write(Array(repeating: long, count: 4), by: &device, client) }
            let token = try await device.token(client)
            let open = try device.pullOpen(isLive: false)
            let lazy = try await RawConnection.secure(server, protocols: [version])
            try await lazy.stopReading()
            try await lazy.send(
                Array(
                    ("POST /v1/pull HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(token)\r\n"
                        + "content-length: \(open.count)\r\n\r\n").utf8) + open)
            try await eventually("The lazy one is in.") { server.server.openStreams == 1 }
            let frames = try await server.pull(device, client, token)
            #expect(frames.rows == 24)
            try await eventually("The lazy one is cut.") { server.server.openStreams == 0 }
            try? await lazy.close()
        }
    }
}

extension [PullFrame] {
    var rows: Int {
        reduce(0) { count, frame in
            if case .rows(let batch) = frame { return count + batch.ids.count }
            return count
        }
    }

    var checkpoint: Checkpoint? {
        if case .checkpoint(let checkpoint) = last { return checkpoint }
        return nil
    }
}

extension TestServer {
    func pull(_ device: TestDevice, _ client: TestClient, _ token: String) async throws -> [PullFrame] {
        try await client.frames(
            "/v1/pull", .bytes(try device.pullOpen(isLive: false)), token: token, as: PullFrame.self
        ).rest()
    }

    /// Pushes new notes, one a transaction.
    func write(
        _ bodies: [String], by device: inout TestDevice, _ client: TestClient, in territory: String = TestRules.north
    ) async throws {
        let before = device
        var frames: [PushFrame] = []
        for body in bodies { frames.append(.transaction(try device.write(body, in: territory))) }
        let answer = try await push(
            try encoded([device.opening(after: before)] + frames), client, try await device.token(client))
        guard answer.failure == nil, answer.acknowledgedThrough == device.counter else { throw Unexpected() }
    }
}
