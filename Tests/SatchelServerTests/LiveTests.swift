import AsyncHTTPClient
import Foundation
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelWire
import Synchronization
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
        limits.requestIdle = .seconds(1)
        limits.silentConnection = .milliseconds(1500)
        try await TestServer.run(limits: limits) { server in
            let client = try TestClient(server, version: version)
            let device = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            _ = try await stream.run()
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            let (reads, writes) = (server.counting.reads, server.counting.writes)
            for _ in 0..<25 { #expect(try await stream.next() == .heartbeat) }
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

struct LiveHubTests {
    private static func report(_ scopes: Set<Scope> = [], position: UInt64 = 1, replicas: Set<ReplicaID> = []) -> IngestReport {
        IngestReport(
            outcomes: [], touched: scopes, replicas: replicas, applied: [:], governanceChanged: false,
            head: LogHead(
                epoch: Epoch(1), position: Position(position), hash: [], clock: .zero, nextRoot: .firstOfRows))
    }

    private static func ticket(_ replica: UInt64) -> StreamTicket {
        StreamTicket(principal: Principal(replica: ReplicaID(replica), user: "u\(replica)")) {}
    }

    @Test func manyCommitsAreOneWake() async throws {
        let hub = LiveHub(limits: ServerLimits())
        let ticket = Self.ticket(1)
        try hub.open(ticket)
        hub.wait(ticket, for: Interest(scopes: [.territory("a")], user: "u1", replica: ReplicaID(1)), since: .zero)
        for position in 1...1000 { hub.publish(Self.report([.territory("a")], position: UInt64(position))) }
        #expect(await ticket.next() == .wake)
        ticket.end(.shuttingDown, isCut: false)
        #expect(await ticket.next() == .end(.shuttingDown))
    }

    @Test func aCommitBetweenTheLookAndTheWaitIsNotMissed() async throws {
        let hub = LiveHub(limits: ServerLimits())
        let ticket = Self.ticket(1)
        try hub.open(ticket)
        hub.publish(Self.report([.territory("a")], position: 7))
        hub.wait(ticket, for: Interest(scopes: [.territory("a")], user: "u1", replica: ReplicaID(1)), since: Position(6))
        #expect(await ticket.next() == .wake)
    }

    @Test func onlyTheConcernedAreWoken() async throws {
        let hub = LiveHub(limits: ServerLimits())
        let tickets = (1...3).map { Self.ticket(UInt64($0)) }
        for (ticket, scope) in zip(tickets, [Scope.territory("a"), .territory("b"), .global]) {
            try hub.open(ticket)
            hub.wait(
                ticket, for: Interest(scopes: [scope], user: ticket.principal.user, replica: ticket.principal.replica),
                since: .zero)
        }
        hub.publish(Self.report([.territory("b")], replicas: [ReplicaID(3)]))
        for ticket in tickets { ticket.end(.shuttingDown, isCut: false) }
        // The end comes before a wake: so it is asked of those who were not woken what they would have done.
        hub.close(tickets[1])
        #expect(hub.liveCount == 2)
        hub.close(tickets[0])
        hub.close(tickets[2])
        #expect(hub.liveCount == 0 && hub.streamCount == 0)
    }
}

struct FrameChannelTests {
    @Test func aSlowReaderMakesThePassWaitAndTooSlowOneEndsIt() async throws {
        var limits = ServerLimits()
        limits.passBytes = 10
        limits.stall = .milliseconds(100)
        let channel = FrameChannel(limits: limits)
        let sent = Mutex(0)
        let pass = Task.detached {
            try await Blocking.serial("test").run {
                for _ in 0..<5 {
                    try channel.send([UInt8](repeating: 1, count: 6))
                    sent.withLock { $0 += 1 }
                }
            }
        }
        await #expect(throws: Failure.self) { try await pass.value }
        #expect(sent.withLock { $0 } == 2)
        channel.finish(.shuttingDown)
        #expect(await channel.next() == .end(.shuttingDown))
    }

    @Test func whatIsAbandonedStopsThePass() async throws {
        var limits = ServerLimits()
        limits.passBytes = 1
        let channel = FrameChannel(limits: limits)
        let pass = Task.detached {
            try await Blocking.serial("test").run { for _ in 0..<5 { try channel.send([1]) } }
        }
        #expect(await channel.next() == .bytes([1]))
        channel.abandon()
        await #expect(throws: FrameChannel.Abandoned.self) { try await pass.value }
    }

    @Test func everythingArrivesInOrder() async throws {
        var limits = ServerLimits()
        limits.passBytes = 64
        let channel = FrameChannel(limits: limits)
        let pass = Task.detached {
            try await Blocking.serial("test").run {
                for byte in 0..<1000 { try channel.send([UInt8(truncatingIfNeeded: byte)]) }
                channel.finish(nil)
            }
        }
        var received: [UInt8] = []
        loop: while true {
            switch await channel.next() {
            case .bytes(let bytes): received += bytes
            case .heartbeat: break
            case .end(let failure):
                #expect(failure == nil)
                break loop
            }
        }
        try await pass.value
        #expect(received == (0..<1000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func aLittleNowAndThenIsNotEnough() async throws {
        var limits = ServerLimits()
        limits.passBytes = 1
        limits.stall = .seconds(5)
        limits.patience = .milliseconds(200)
        let channel = FrameChannel(limits: limits)
        let pass = Task.detached {
            try await Blocking.serial("test").run { while true { try channel.send([1]) } }
        }
        let reader = Task {
            while !Task.isCancelled {
                _ = await channel.next()
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        await #expect(throws: Failure.self) { try await pass.value }
        reader.cancel()
        channel.finish(nil)
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
