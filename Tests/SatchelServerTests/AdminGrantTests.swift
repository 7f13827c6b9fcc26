import Foundation
import Logging
import SatchelEngine
import SatchelFiles
import SatchelPolicy
import SatchelCore
import SatchelProtocol
import ServiceLifecycle
import Testing

@testable import SatchelServer

/// Grants that begin and end by themselves, as log entries.
@Suite struct AdminGrantTests {
    /// A service over a store, whose clock the test sets.
    private struct Bench {
        let store: SQLiteServerStore
        let service: AdminService
        let clock: TestClock
        let changed: WakeSignal

        func isHeld() throws -> Bool {
            try AdminService.governance(store).organisation.grants.contains {
                $0.user == "ben" && $0.role == "rep" && $0.scope == .territory("dach")
            }
        }

        func order(from: Int? = nil, until: Int? = nil, begins: Bool = true) async -> AdminReply {
            let order = GrantOrder(
                user: "ben", role: "rep", territory: "dach", from: from.map { clock.now + UInt64($0) * 1000 },
                until: until.map { clock.now + UInt64($0) * 1000 })
            return await service.answer(begins ? .grant(order) : .revoke(order))
        }

        func position() throws -> UInt64 { try store.read { try $0.head().position.number } }
    }

    private func withBench(_ body: (Bench) async throws -> Void) async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let store = try SQLiteServerStore.open(at: world.folder.storePath)
            defer { try? store.close() }
            let clock = TestClock()
            let changed = WakeSignal()
            let service = try AdminService(
                host: DirectHost(store: store, milliseconds: { clock.now }), folder: world.folder,
                coding: WireTransactionCoding(),
                milliseconds: { clock.now }, logger: Logger(label: "test"), scheduleChanged: { changed.raise() })
            try await body(Bench(store: store, service: service, clock: clock, changed: changed))
        }
    }

    @Test func beginsAndEndsAtItsTimes() async throws {
        try await withBench { (bench: Bench) async throws in
            _ = await bench.order(from: 10, until: 20)
            #expect(try !bench.isHeld())
            #expect(try await bench.service.applyDueGrants() == bench.clock.now + 10_000)
            #expect(try bench.position() == 0)
            bench.clock.advance(seconds: 10)
            #expect(try await bench.service.applyDueGrants() == bench.clock.now + 10_000)
            #expect(try bench.isHeld())
            bench.clock.advance(seconds: 10)
            #expect(try await bench.service.applyDueGrants() == nil)
            #expect(try !bench.isHeld())
            #expect(try bench.position() == 2)
        }
    }

    @Test func whatFellDueMeanwhileIsAppliedInItsOrder() async throws {
        try await withBench { (bench: Bench) async throws in
            _ = await bench.order(from: 10, until: 20)
            bench.clock.advance(seconds: 3600)
            #expect(try await bench.service.applyDueGrants() == nil)
            #expect(try !bench.isHeld())
            let entries = try bench.store.entries(after: .zero, limit: 10).map(\.content)
            let grant = Organisation.Grant(user: "ben", role: "rep", scope: .territory("dach"))
            #expect(entries == [.governance([.grant(grant)]), .governance([.revoke(grant)])])
        }
    }

    @Test func lastOrderReplacesWhatWasPlanned() async throws {
        try await withBench { (bench: Bench) async throws in
            _ = await bench.order(until: 20)
            #expect(try bench.isHeld())
            _ = await bench.order()
            bench.clock.advance(seconds: 30)
            #expect(try await bench.service.applyDueGrants() == nil)
            #expect(try bench.isHeld())
            _ = await bench.order(from: 10)
            _ = await bench.order(begins: false)
            bench.clock.advance(seconds: 30)
            #expect(try await bench.service.applyDueGrants() == nil)
            #expect(try !bench.isHeld())
        }
    }

    @Test func revokeMayWaitAndMayEnd() async throws {
        try await withBench { (bench: Bench) async throws in
            _ = await bench.order()
            _ = await bench.order(from: 10, until: 20, begins: false)
            #expect(try bench.isHeld())
            bench.clock.advance(seconds: 10)
            _ = try await bench.service.applyDueGrants()
            #expect(try !bench.isHeld())
            bench.clock.advance(seconds: 10)
            _ = try await bench.service.applyDueGrants()
            #expect(try bench.isHeld())
        }
    }

    @Test func clockServiceAppliesThemWhenTheirTimeComes() async throws {
        try await withBench { (bench: Bench) async throws in
            _ = await bench.order(from: 3600)
            let clock = GrantClock(
                changed: bench.changed, milliseconds: { bench.clock.now }, logger: Logger(label: "test")
            ) { try await bench.service.applyDueGrants() }
            let group = ServiceGroup(services: [clock], gracefulShutdownSignals: [], logger: Logger(label: "test"))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                // A new order wakes it, though it waits for a later one.
                _ = await bench.service.answer(
                    .grant(GrantOrder(user: "ben", role: "manager", territory: "dach", until: bench.clock.now + 1)))
                bench.clock.advance(seconds: 1)
                bench.changed.raise()
                try await eventually("the short grant has ended") {
                    try !AdminService.governance(bench.store).organisation.grants.contains { $0.role == "manager" }
                }
                #expect(try !bench.isHeld())
                bench.clock.advance(seconds: 3600)
                bench.changed.raise()
                try await eventually("the later one has begun") { try bench.isHeld() }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
    }

    @Test func organisationFileMayTimeItsGrants() async throws {
        let organisation =
            AdminWorld.organisation + """

                  - id: carl
                    grants:
                      - {role: rep, territory: dach, until: 2000-01-01}
                      - {role: rep, territory: nordics, from: 2999-01-01}
                      - {role: manager, territory: emea, from: 2000-01-01, until: 2999-01-01}
                """
        try await AdminWorld.with(organisation: organisation) { (world: AdminWorld) async throws in
            let held = try world.governance().organisation.grants.filter { $0.user == "carl" }
            #expect(held.map(\.role) == ["manager"])
            guard case .users(let users) = try await world.ask(.users) else { throw OtherAnswer() }
            let carl = try #require(users.first { $0.id == "carl" })
            #expect(
                Set(carl.scheduled.map { "\($0.role) \($0.begins) \($0.at)" }) == [
                    "rep true 2999-01-01T00:00:00Z", "manager false 2999-01-01T00:00:00Z",
                ])
        }
    }

    @Test func entriesOfOneGrantCountTogether() {
        let grant = Organisation.Grant(user: "a", role: "r", scope: .global)
        func schedule(_ times: [(UInt64?, UInt64?)]) -> [ScheduledGrant] {
            TimedGrants.schedule(times.map { .init(grant: grant, from: $0, until: $1) }, after: 5).sorted { $0.at < $1.at }
        }
        func item(_ begins: Bool, _ at: UInt64) -> ScheduledGrant { ScheduledGrant(grant: grant, begins: begins, at: at) }
        #expect(schedule([(1, 10), (8, 20)]) == [item(false, 20)])
        #expect(schedule([(8, 20), (1, 10)]) == [item(false, 20)])
        #expect(schedule([(nil, nil), (8, 20)]) == [])
        #expect(schedule([(6, 10), (10, 12)]) == [item(true, 6), item(false, 12)])
        #expect(schedule([(1, 4), (8, 9)]) == [item(true, 8), item(false, 9)])
    }
}
