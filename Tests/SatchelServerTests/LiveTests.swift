import AsyncHTTPClient
import Foundation
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelWire
import Testing

@testable import SatchelServer

struct LiveTests {
    @Test(arguments: PushRouteTests.versions)
    func aCommitIsSentToWhoWaitsForIt(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
        try await TestServer.run { server in
            let client = try TestClient(server, version: version)
            let watcher = try await TestDevice.enrolled("anna", server, client)
            var writer = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(watcher, client)
            #expect(try await stream.run().checkpoint != nil)
            for round in 1...3 {
                try await server.write(["note \(round)"], by: &writer, client)
                let frames = try await stream.run()
                #expect(frames.rows == 1)
                #expect(frames.checkpoint?.cursor.position == Position(UInt64(round)))
            }
        }
    }

    @Test(arguments: PushRouteTests.versions)
    func anIdleStreamLivesOnHeartbeatsAndAsksTheStoreNothing(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
        var limits = ServerLimits()
        limits.heartbeat = .milliseconds(100)
        // Far below the time for which the stream stays open: neither may end a live stream.
        limits.requestIdle = .seconds(2)
        limits.silentConnection = .milliseconds(2500)
        try await TestServer.run(limits: limits) { server in
            let client = try TestClient(server, version: version)
            let device = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            _ = try await stream.run()
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            let (reads, writes) = (server.counting.reads, server.counting.writes)
            for _ in 0..<35 { #expect(try await stream.next() == .heartbeat) }
            #expect(server.counting.reads == reads && server.counting.writes == writes)
        }
    }

    @Test func aCommitElsewhereWakesNobodyHere() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let anna = try await TestDevice.enrolled("anna", server, client)
            var ben = try await TestDevice.enrolled("ben", server, client)
            let stream = try await server.live(anna, client)
            _ = try await stream.run()
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            let reads = server.counting.reads
            try await server.write(["south"], by: &ben, client, in: TestRules.south)
            // Ben's push opens with one; a wake would be another.
            #expect(server.counting.reads == reads + 1)
            var other = try await TestDevice.enrolled("anna", server, client)
            try await server.write(["north"], by: &other, client)
            #expect(try await stream.run().rows == 1)
            #expect(server.counting.reads == reads + 3)
        }
    }

    @Test(arguments: PushRouteTests.versions)
    func aRevokedReplicaIsCutInTheMiddleOfItsStream(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
        try await TestServer.run { server in
            let client = try TestClient(server, version: version)
            let device = try await TestDevice.enrolled("anna", server, client)
            let spared = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            let other = try await server.live(spared, client)
            _ = try await stream.run()
            _ = try await other.run()
            try await eventually("Both wait.") { server.server.liveStreams == 2 }
            try server.server.revoke(device.replica)
            guard case .failed(let failure)? = try await stream.next() else { throw Unexpected() }
            #expect(failure.code == .replicaRevoked && failure.action == .enrol)
            #expect(try await stream.next() == nil)
            try await eventually("One is left.") { server.server.openStreams == 1 }
            try await server.server.govern([.user(.init(id: "anna", name: "anna", isDisabled: true))], by: "admin")
            guard case .failed(let disabled)? = try await other.rest().last else { throw Unexpected() }
            #expect(disabled.code == .replicaRevoked)
        }
    }

    @Test func aChangeOfTheRulesReachesWhoWaits() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let anna = try await TestDevice.enrolled("anna", server, client)
            var ben = try await TestDevice.enrolled("ben", server, client)
            try await server.write(["south"], by: &ben, client, in: TestRules.south)
            let stream = try await server.live(anna, client)
            #expect(try await stream.run().rows == 0)
            let grant = Organisation.Grant(user: "anna", role: "rep", scope: .territory(TestRules.south))
            try await server.server.govern([.grant(grant)], by: "admin")
            #expect(try await stream.run().rows == 1)
            // And from now on the stream waits for the south too.
            try await server.write(["more"], by: &ben, client, in: TestRules.south)
            #expect(try await stream.run().rows == 1)
        }
    }

    @Test(arguments: [["http/1.1"]])
    func aClientThatGoesIsNoticedAtOnce(_ protocols: [String]) async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            let open = try device.pullOpen(isLive: true)
            let connection = try await RawConnection.secure(server, protocols: protocols)
            try await connection.send(
                Array(
                    ("POST /v1/pull HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(token)\r\n"
                        + "content-length: \(open.count)\r\n\r\n").utf8) + open)
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            try await connection.close()
            // The next heartbeat, which would find out too, is 20 seconds away.
            try await eventually(within: 5, "It is gone.") { server.server.openStreams == 0 }
        }
    }

    @Test func aStreamOverHTTP2ThatTheClientResetsIsNoticedAtOnce() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let reading = Task {
                let stream = try await server.live(device, client)
                while try await stream.next() != nil {}
            }
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            reading.cancel()
            try await eventually(within: 5, "It is gone.") { server.server.openStreams == 0 }
        }
    }

    @Test func aTokenThatRunsOutDoesNotEndAStream() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            var writer = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            _ = try await stream.run()
            server.clock.advance(seconds: 3600)
            try await server.write(["late"], by: &writer, client)
            #expect(try await stream.run().rows == 1)
        }
    }
}

/// A live pull as a client sees it.
extension FrameReader where Frame == PullFrame {
    /// The frames up to the next checkpoint or failure, without heartbeats.
    func run() async throws -> [PullFrame] {
        var frames: [PullFrame] = []
        while let frame = try await next() {
            switch frame {
            case .heartbeat: break
            case .checkpoint, .failed: return frames + [frame]
            default: frames.append(frame)
            }
        }
        throw Unexpected()
    }
}

extension TestServer {
    func live(_ device: TestDevice, _ client: TestClient) async throws -> FrameReader<PullFrame> {
        try await client.frames(
            "/v1/pull", .bytes(try device.pullOpen(isLive: true)), token: try await device.token(client), as: PullFrame.self)
    }
}
