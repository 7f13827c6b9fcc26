import Foundation
import GRDB
import SatchelEngine
import SatchelCore
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

@Suite struct AdminBackupTests {
    @Test func copyIsWholeAndForItsOwnerAlone() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            _ = try await world.ask(.addUser(id: "zoe", name: "Zoe"))
            let path = world.files + "/copy.sqlite"
            guard case .backup(let backup) = try await world.ask(.backup(path: path)) else {
                throw OtherAnswer()
            }
            #expect(backup.position == 1)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.size] as? Int == backup.bytes)
            let copy = try DatabaseQueue(path: path)
            #expect(try await copy.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
            try copy.close()
            #expect(try await world.code(.backup(path: path)) == .alreadyExists)
            #expect(try await world.code(.backup(path: world.files + "/none/copy.sqlite")) == .dataFolderInvalid)
        }
    }

    @Test func copyIsOfOneMomentWhileOthersWrite() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let store = try SQLiteServerStore.open(at: world.folder.storePath)
            defer { try? store.close() }
            _ = try store.write {
                try GovernanceIngest.commit([.user(.init(id: "a", name: "A"))], by: "t", receivedMilliseconds: 1, in: $0)
            }
            // Within a write that is not committed: the copy waits for nobody, and holds what was there before.
            try store.write { writer in
                _ = try GovernanceIngest.commit(
                    [.user(.init(id: "b", name: "B"))], by: "t", receivedMilliseconds: 2, in: writer)
                #expect(try Backup.write(store, to: world.files + "/copy.sqlite").position == 1)
            }
            #expect(try store.read { try $0.head().position.number } == 2)
        }
    }

    /// The documented restore: the copy in the store's place. Replicas may have seen more than it holds, so it goes on in a new epoch.
    @Test func restoredCopyBeginsAnEpochOnce() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            _ = try await world.ask(.addUser(id: "zoe", name: "Zoe"))
            let path = world.files + "/copy.sqlite"
            _ = try await world.ask(.backup(path: path))
            _ = try await world.ask(.addUser(id: "lost", name: "Lost"))
            let before = try world.head()

            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.folder.storePath + suffix) }
            try FileManager.default.moveItem(atPath: path, toPath: world.folder.storePath)
            guard case .users(let users) = try await world.ask(.users) else { throw OtherAnswer() }
            #expect(users.map(\.id) == ["anna", "ben", "zoe"])
            let after = try world.head()
            #expect(after.epoch != before.epoch)
            #expect(after.position.number == 1)
            #expect(try world.withStore { try $0.read { try $0.fork(of: before.epoch)?.number } } == 1)

            _ = try await world.ask(.users)
            #expect(try world.head().epoch == after.epoch)
        }
    }
}
