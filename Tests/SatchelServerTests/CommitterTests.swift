import Dispatch
import Foundation
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

struct CommitterTests {
    private static let count = 16

    /// A store, and for each of many devices its first transaction.
    private static func world() throws -> (SQLiteServerStore, CountingStore, [IngestItem], TestFolder) {
        let folder = try TestFolder()
        let store = try SQLiteServerStore.create(
            at: folder.path + "/satchel.sqlite", organisation: "org", governance: TestRules.governance())
        let epoch = try store.read { try $0.head().epoch }
        let items = try (1...count).map { number in
            var device = TestDevice(epoch: epoch)
            device.replica = ReplicaID(UInt64(number))
            let sealed = try device.write("note \(number)")
            return IngestItem(
                replica: device.replica, authority: .user("anna"), sealed: sealed, after: RunningHash.start,
                decoded: try WireTransactionCoding().decode(sealed.payload),
                pushed: ClockReading(wallMilliseconds: 1, boot: [], uptimeMilliseconds: 0), receivedMilliseconds: 1,
                proven: .zero, epoch: epoch)
        }
        return (store, CountingStore(store), items, folder)
    }

    @Test func whatWaitsForTheDiskGoesTogetherIntoTheNextCommit() async throws {
        let (store, counting, items, folder) = try Self.world()
        let committer = Committer(store: counting)
        let gate = DispatchSemaphore(value: 0)
        counting.hold(gate)
        let outcomes = try await withThrowingTaskGroup(of: [IngestOutcome].self) { group in
            group.addTask { try await committer.submit([items[0]]).outcomes }
            try await eventually("The first is on its way.") { counting.writes == 1 }
            for item in items.dropFirst() { group.addTask { try await committer.submit([item]).outcomes } }
            try await eventually("All others wait.") { await committer.waitingCount == Self.count - 1 }
            counting.hold(nil)
            gate.signal()
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(outcomes.count == Self.count)
        #expect(store.commitCount == 2)
        #expect(try store.read { try $0.head().position } == Position(UInt64(Self.count)))
        await committer.close()
        try store.close()
        withExtendedLifetime(folder) {}
    }

    @Test func eachIsToldItsOwnVerdictAndTheReadersHearOfAllBeforeIt() async throws {
        let (store, counting, items, folder) = try Self.world()
        let published = Counter(0)
        let committer = Committer(store: counting) { _ in _ = published.takeOne() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in items {
                group.addTask {
                    let admitted = try await committer.submit([item])
                    guard case .verdict(let verdict)? = admitted.outcomes.first else { throw Unexpected() }
                    #expect(verdict.counter == 1 && admitted.applied[item.replica]?.counter == 1)
                    let entry = try store.entries(after: Position(verdict.position.number - 1), limit: 1).first
                    #expect(entry?.replica == item.replica)
                    #expect(published.left < 0)
                }
            }
            try await group.waitForAll()
        }
        await committer.close()
        try store.close()
        withExtendedLifetime(folder) {}
    }

    @Test func whatCannotBeStoredDoesNotHoldUpItsNeighbours() async throws {
        let (store, counting, items, folder) = try Self.world()
        let committer = Committer(store: counting)
        let gate = DispatchSemaphore(value: 0)
        counting.hold(gate)
        let failed = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = try await committer.submit([items[0]]); return false
            }
            try await eventually("The first is on its way.") { counting.writes == 1 }
            for item in items[1...3] {
                group.addTask {
                    do {
                        _ = try await committer.submit([item])
                        return false
                    } catch let failure as Failure { return failure.code == .internalError }
                }
            }
            try await eventually("The others wait.") { await committer.waitingCount == 3 }
            counting.hold(nil)
            // The group as a whole, and then one of its parts.
            counting.failNext([nil, Unexpected(), Unexpected()])
            gate.signal()
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failed == 1)
        #expect(try store.read { try $0.head().position } == Position(3))
        await committer.close()
        try store.close()
        withExtendedLifetime(folder) {}
    }

    @Test func tooMuchIsRefusedAndNothingIsTakenAfterTheEnd() async throws {
        let (store, counting, items, folder) = try Self.world()
        var limits = ServerLimits()
        limits.waitingTransactions = 2
        let committer = Committer(store: counting, limits: limits)
        let gate = DispatchSemaphore(value: 0)
        counting.hold(gate)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await committer.submit([items[0]]) }
            try await eventually("The first is on its way.") { counting.writes == 1 }
            for item in items[1...2] { group.addTask { _ = try await committer.submit([item]) } }
            try await eventually("Two wait.") { await committer.waitingCount == 2 }
            await #expect(throws: Failure.self) { try await committer.submit([items[3]]) }
            counting.hold(nil)
            gate.signal()
            try await group.waitForAll()
        }
        await committer.close()
        await #expect(throws: Failure.self) { try await committer.submit([items[4]]) }
        #expect(try store.read { try $0.head().position } == Position(3))
        try store.close()
        withExtendedLifetime(folder) {}
    }

    @Test func manyPushesTakeFewerCommits() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let pushes = 24
            let gate = DispatchSemaphore(value: 0)
            let bodies = try await withThrowingTaskGroup(of: ([UInt8], String).self) { group in
                for _ in 0..<pushes {
                    group.addTask {
                        let before = try await TestDevice.enrolled("anna", server, client)
                        var device = before
                        let sealed = try device.write("note")
                        return (
                            try encoded([device.opening(after: before), .transaction(sealed)]), try await device.token(client)
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let commits = server.store.commitCount
            server.counting.hold(gate)
            try await withThrowingTaskGroup(of: UInt64.self) { group in
                for (body, token) in bodies {
                    group.addTask { try await server.push(body, client, token).acknowledgedThrough }
                }
                try await eventually("They wait for the disk.") {
                    await server.server.committer.waitingCount == pushes - 1
                }
                server.counting.hold(nil)
                gate.signal()
                for try await through in group { #expect(through == 1) }
            }
            #expect(server.store.commitCount - commits == 2)
        }
    }
}
