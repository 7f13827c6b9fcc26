import Foundation
import SatchelCore
import SatchelProtocol
import SatchelReplica
import Synchronization
import Testing

@Suite struct EnrolmentTests {
    @Test func aNewFileGetsAnIdentity() async throws {
        let world = try await World(enrolled: false)
        #expect(try await world.replica.status() == ReplicaStatus(state: .notEnrolled))
        #expect(await code { _ = try await world.replica.sync() } == .notEnrolled)
        let identity = try await world.enrol()
        #expect(identity == Identity(user: "anna", replica: ReplicaID(0x1234)))
        var status = try await world.replica.status()
        #expect(status.state == .bootstrapping)
        #expect(status.position == nil)
        #expect(status.server == world.server.url)
        _ = try await world.replica.sync()
        status = try await world.replica.status()
        #expect(status.state == .ready)
        #expect(status.position == Position(1))
        #expect(status.lastSyncMilliseconds != nil)
        // The authority is in the file: another program needs no copy of it.
        #expect(try await world.another().sync().position == Position(1))
    }

    @Test func aBadCodeLeavesEverythingAsItWas() async throws {
        let world = try await World.ready()
        #expect(await code { try await world.enrol(code: "BAD") } == .codeInvalid)
        #expect(try await world.replica.sync().position == Position(1))
    }

    @Test func theFileKeepsItsUserAndItsOrganisation() async throws {
        let world = try await World.ready()
        let key = try world.keys.load(.current)
        world.organisation.state.withLock { $0.user = "ben" }
        #expect(await code { try await world.enrol() } == .userMismatch)
        world.organisation.state.withLock {
            $0.user = "anna"
            $0.organisation = "other"
        }
        #expect(await code { try await world.enrol() } == .organisationMismatch)
        #expect(try world.keys.load(.current) == key)
        #expect(try await world.replica.status().user == "anna")
    }

    @Test func aNewIdentityKeepsTheQueue() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("kept")])
        world.organisation.state.withLock { state in
            state.failures["/v1/push"] = [Failure(code: .replicaRevoked, message: "Shut out.", action: .enrol)]
        }
        let refused = await code { _ = try await world.replica.sync() }
        #expect(refused == .replicaRevoked)
        #expect(SatchelError(.replicaRevoked, "", remedy: "").asksForEnrolment)
        #expect(try await world.replica.status().state == .revoked)
        // Another program learns it from the file.
        #expect(try await world.another().status().state == .revoked)

        world.organisation.state.withLock { $0.replica = ReplicaID(0x5678) }
        try await world.enrol()
        #expect(try await world.replica.status().state == .ready)
        #expect(try await world.replica.sync().pushed == 1)
        let sent = world.organisation.state.withLock { $0.transactions }
        #expect(sent.map(\.counter) == [1])
        #expect(sent.first?.changes.first?.cells.first?.value == .text("kept"))
    }

    /// The file has the new identity, and the key did not reach its place.
    @Test func aCrashBeforeTheKeyIsPromotedIsMended() async throws {
        let world = try await World.ready()
        let stuck = StuckKeyStore(world.keys)
        let replica = try await Replica.open(path: world.replica.path, keys: stuck, configuration: World.configuration)
        await #expect(throws: StuckKeyStore.Crash.self) { try await world.enrol(by: replica) }
        #expect(try world.keys.load(.candidate) != nil)
        let after = try await world.another()
        #expect(try await after.sync().position == Position(1))
        #expect(try world.keys.load(.candidate) == nil)
    }

    /// As if the process ended before the rename.
    private struct StuckKeyStore: KeyStore {
        struct Crash: Error {}
        let keys: any KeyStore

        init(_ keys: any KeyStore) { self.keys = keys }
        func make() throws -> [UInt8] { try keys.make() }
        func load(_ slot: KeySlot) throws -> [UInt8]? { try keys.load(slot) }
        func sign(_ content: [UInt8], with slot: KeySlot) throws -> [UInt8] { try keys.sign(content, with: slot) }
        func promote() throws { throw Crash() }
    }
}
