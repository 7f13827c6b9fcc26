import Foundation
import SatchelCore
import SatchelProtocol
import SatchelReplica
import Synchronization
import Testing

@Suite struct LiveTests {
    private func change(_ name: String, _ number: Int, position: UInt64) -> [PullFrame] {
        [
            .mask(Sample.mask), .places(Sample.places),
            .rows(
                RowBatch(
                    table: "company", mask: 1, isComplete: false, fields: ["name"], ids: [Sample.id(number)], roots: [],
                    positions: [Position(position)], columns: [[.text(name)]])),
        ]
    }

    @Test func whatOthersWriteArrives() async throws {
        let world = try await World.ready()
        var events = world.replica.live().makeAsyncIterator()
        #expect(await eventually { world.organisation.state.withLock { $0.live.count } == 1 })
        try world.organisation.sendLive(from: 1, change("Renamed", 2, position: 2))
        guard case .synced(let report, let changes)? = try await events.next() else {
            Issue.record("no event")
            return
        }
        #expect(report.pulled == 1 && report.position == Position(2))
        #expect(changes == [RowChange(kind: .changed, table: "company", id: Sample.id(2))])
        #expect(try await world.replica.row("company", Sample.id(2))?["name"] == .value(.text("Renamed")))
    }

    /// By this process, and by another one: noticed without a sync.
    @Test func whatIsWrittenHereGoesOut() async throws {
        let world = try await World.ready()
        let events = world.replica.live()
        let reading = Task { for try await _ in events {} }
        defer { reading.cancel() }
        try await world.replica.set("company", Sample.id(1), ["notes": .text("here")])
        #expect(await eventually { world.organisation.state.withLock { $0.transactions.count } == 1 })
        let other = try await world.another()
        try await other.set("company", Sample.id(2), ["notes": .text("elsewhere")])
        #expect(await eventually { world.organisation.state.withLock { $0.transactions.count } == 2 })
    }

    @Test func aDeadConnectionIsMadeAgain() async throws {
        let world = try await World { $0.silenceTimeout = .milliseconds(300) }
        _ = try await world.replica.sync()
        world.organisation.state.withLock { $0.isLiveSilent = true }
        let events = world.replica.live()
        let offline = Task {
            for try await event in events { if case .offline(let code, _, _) = event { return code } }
            return ""
        }
        #expect(try await offline.value == "unreachable")
        let again = world.replica.live()
        let reading = Task { for try await _ in again {} }
        defer { reading.cancel() }
        let before = world.organisation.count("/v1/pull")
        #expect(await eventually { world.organisation.count("/v1/pull") >= before + 2 })
    }

    @Test func aRevokedReplicaEndsTheStream() async throws {
        let world = try await World.ready()
        world.organisation.state.withLock {
            $0.failures["/v1/pull"] = [Failure(code: .replicaRevoked, message: "Shut out.", action: .enrol)]
        }
        let ended = await code { for try await _ in world.replica.live() {} }
        #expect(ended == .replicaRevoked)
        #expect(try await world.replica.status().state == .revoked)
    }

    @Test func cancellingEndsIt() async throws {
        let world = try await World.ready()
        let reading = Task { for try await _ in world.replica.live() {} }
        #expect(await eventually { world.organisation.state.withLock { $0.live.count } == 1 })
        reading.cancel()
        try await reading.value
    }
}
