import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Synchronization
import Testing

@testable import SatchelServer

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
        var events: [StreamTicket.Event] = []
        for ticket in tickets {
            // Who is not woken has a heartbeat to send.
            ticket.tick(now: .now + .seconds(3600), limits: ServerLimits())
            events.append(await ticket.next())
        }
        #expect(events == [.heartbeat, .wake, .wake])
        for ticket in tickets { hub.close(ticket) }
        #expect(hub.liveCount == 0 && hub.streamCount == 0)
    }

    @Test func anInterestThatChangedIsTheOneThatCounts() async throws {
        let hub = LiveHub(limits: ServerLimits())
        let ticket = Self.ticket(1)
        try hub.open(ticket)
        for scope in [Scope.territory("a"), .territory("b")] {
            hub.wait(ticket, for: Interest(scopes: [scope], user: "u1", replica: ReplicaID(1)), since: .zero)
        }
        hub.publish(Self.report([.territory("a")]))
        ticket.tick(now: .now + .seconds(3600), limits: ServerLimits())
        #expect(await ticket.next() == .heartbeat)
        hub.publish(Self.report([.territory("b")]))
        #expect(await ticket.next() == .wake)
    }

    @Test func aReplicaThatOpensTooManyLosesItsOldest() async throws {
        let limits = ServerLimits()
        let hub = LiveHub(limits: limits)
        let other = Self.ticket(2)
        try hub.open(other)
        let tickets = (0...limits.streamsOfReplica).map { _ in Self.ticket(1) }
        for ticket in tickets { try hub.open(ticket) }
        #expect(throws: Failure.self) { try tickets[0].check() }
        for ticket in tickets.dropFirst() + [other] { #expect(throws: Never.self) { try ticket.check() } }
        for ticket in tickets { hub.close(ticket) }
        // Those that are over do not count.
        for _ in 0..<100 {
            let ticket = Self.ticket(1)
            try hub.open(ticket)
            try ticket.check()
            hub.close(ticket)
        }
        #expect(hub.streamCount == 1)
    }

    @Test func oneDeviceNeverTakesAllPlacesAndAPushAlwaysFindsAReader() {
        let limits = ServerLimits()
        #expect(limits.streamsOfReplica < limits.firstLoads)
        #expect(limits.passesOfReplica < min(limits.firstLoads, limits.passes))
        #expect(limits.passesOfReplica < limits.streamsOfReplica)
        #expect(limits.passes + limits.firstLoads + 4 <= SQLiteServerStore.defaultReaders)
        #expect(limits.shutdown + limits.closing < .seconds(9))
        #expect(limits.silentConnection > limits.requestIdle && limits.silentConnection > limits.heartbeat * 3)
        #expect(limits.discardedBytes > Limits.pushBodyBytes)
    }

    @Test func whoDoesNotListenToTheEndIsCut() async throws {
        let aborted = Mutex(0)
        let ticket = StreamTicket(principal: Principal(replica: ReplicaID(1), user: "u")) { aborted.withLock { $0 += 1 } }
        let limits = ServerLimits()
        ticket.beginWriting()
        ticket.tick(now: .now + .seconds(1), limits: limits)
        #expect(aborted.withLock { $0 } == 0)
        ticket.tick(now: .now + limits.stall, limits: limits)
        #expect(aborted.withLock { $0 } == 1)
        ticket.endWriting()
        ticket.end(.shuttingDown, isCut: true)
        ticket.tick(now: .now + limits.closing, limits: limits)
        #expect(aborted.withLock { $0 } == 2)
        #expect(throws: Failure.self) { try ticket.check() }
    }
}
