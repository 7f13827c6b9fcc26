import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

@Suite struct StorageFileTests {
    private func code(_ body: () throws -> Void) -> ErrorCode? {
        do { try body() } catch { return (error as? SatchelError)?.code }
        return nil
    }

    @Test func everyCommitIsFlushed() throws {
        try StorageFixture.withStore { store in
            func settings() throws -> [String?] {
                try store.pool.writeWithoutTransaction { db in
                    try ["synchronous", "journal_mode"].map { try String.fetchOne(db, sql: "PRAGMA \($0)") }
                }
            }
            #expect(try settings() == ["2", "wal"])
            // Many transactions, one commit.
            try StorageFixture.commit(store, transactions: 50)
            #expect(store.commitCount == 1)
            // Neither a body that writes nothing counts nor one that fails.
            try store.write { _ in }
            try? store.write { writer in
                try writer.write(Commit(head: try writer.head()))
                throw CancellationError()
            }
            #expect(store.commitCount == 1)
            #expect(try settings() == ["2", "wal"])
            let path = store.pool.path
            try store.close()
            let again = try SQLiteServerStore.open(at: path)
            let mode = try again.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
            #expect(mode == 2)
            try again.close()
        }
    }

    @Test func aNewFileIsItsOwnersOnly() throws {
        try StorageFixture.withStore { store in
            for suffix in ["", "-wal", "-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: store.pool.path + suffix)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
            }
        }
    }

    @Test func secretsAreMadeOnceAndDiffer() throws {
        try StorageFixture.withFolder { folder in
            var all: [[UInt8]] = []
            for name in ["a", "b"] {
                let path = "\(folder)/\(name).sqlite"
                let made = try SQLiteServerStore.create(at: path, organisation: name, governance: StorageFixture.governance)
                let first = try StoreSecret.allCases.map { try made.secret($0) }
                try made.close()
                let opened = try SQLiteServerStore.open(at: path)
                #expect(opened.organisation == name)
                #expect(try StoreSecret.allCases.map { try opened.secret($0) } == first)
                try opened.close()
                all += first
            }
            #expect(all.allSatisfy { $0.count == 32 })
            #expect(Set(all).count == 2 * StoreSecret.allCases.count)
        }
    }

    @Test func whatIsNotOursIsRefusedUnchanged() throws {
        try StorageFixture.withFolder { folder in
            let path = folder + "/x.sqlite"
            #expect(code { _ = try SQLiteServerStore.open(at: path) } == .dataFolderInvalid)
            #expect(!FileManager.default.fileExists(atPath: path))

            try Data("This is no database. ".utf8 + [UInt8](repeating: 32, count: 9_000)).write(to: URL(fileURLWithPath: path))
            let garbage = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(code { _ = try SQLiteServerStore.open(at: path) } == .dataFolderInvalid)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage)

            // Someone else's database keeps its journal mode.
            let other = folder + "/other.sqlite"
            try DatabaseQueue(path: other).write { try $0.execute(sql: "CREATE TABLE log (a)") }
            #expect(code { _ = try SQLiteServerStore.open(at: other) } == .dataFolderInvalid)
            let mode = try DatabaseQueue(path: other).read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
            #expect(mode == "delete")

            // An empty file is what a creation leaves that was cut off at once.
            let empty = folder + "/empty.sqlite"
            try Data().write(to: URL(fileURLWithPath: empty))
            #expect(code { _ = try SQLiteServerStore.open(at: empty) } == .dataFolderInvalid)
            #expect(code { _ = try SQLiteServerStore.open(at: folder) } == .dataFolderInvalid)
        }
    }

    @Test func aNewerFormatIsRefused() throws {
        try StorageFixture.withFolder { folder in
            let path = folder + "/s.sqlite"
            let store = try SQLiteServerStore.create(at: path, organisation: "o", governance: StorageFixture.governance)
            try store.pool.write { try $0.execute(sql: "PRAGMA user_version = 99") }
            try store.close()
            #expect(code { _ = try SQLiteServerStore.open(at: path) } == .fileTooNew)
        }
    }

    @Test func creationRefusesAndCleansUp() throws {
        try StorageFixture.withFolder { folder in
            let path = folder + "/s.sqlite"
            func create(_ path: String, _ governance: Governance = StorageFixture.governance) throws {
                try SQLiteServerStore.create(at: path, organisation: "o", governance: governance).close()
            }
            try create(path)
            #expect(code { try create(path) } == .alreadyExists)
            try SQLiteServerStore.open(at: path).close()

            #expect(code { try create(folder + "/none/s.sqlite") } == .dataFolderInvalid)

            // Two fields that are one to SQLite.
            let twins = SatchelPolicy.Table(
                name: "t", partition: [.global], fields: [Field(name: "a", type: .text), Field(name: "A", type: .text)])
            let unfit = Governance(
                schema: Schema(name: "s", version: 1, tables: [twins]), policy: StorageFixture.governance.policy,
                organisation: Organisation())
            #expect(code { try create(folder + "/unfit.sqlite", unfit) } == .fileInvalid)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.allSatisfy { $0.hasPrefix("s.sqlite") })
        }
    }

    /// A copy of the one file is a whole backup once the store is closed.
    @Test func closingFoldsTheLog() throws {
        try StorageFixture.withStore { store in
            try StorageFixture.commit(store)
            _ = try store.read { try $0.head() }
            let path = store.pool.path
            try store.close()
            #expect(code { _ = try store.read { try $0.head() } } == .shuttingDown)
            #expect(code { try StorageFixture.commit(store) } == .shuttingDown)
            try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
            let copy = try SQLiteServerStore.open(at: path + ".copy")
            #expect(try copy.read { try $0.head().position } == Position(1))
            try copy.close()
        }
    }

    @Test func aFullDiskRefusesAndLosesNothing() throws {
        try StorageFixture.withStore { store in
            try StorageFixture.commit(store)
            func limit(_ pages: Int) throws {
                try store.pool.writeWithoutTransaction { db in
                    _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)")
                }
            }
            let pages = try store.pool.read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
            try limit(pages + 1)
            let big: (inout Commit, Position) throws -> Void = { commit, position in
                commit.rows = [
                    try StorageFixture.row(0, "big", position.number, [4: .blob([UInt8](repeating: 1, count: 200_000))])
                ]
            }
            #expect(code { try StorageFixture.commit(store, big) } == .diskFull)
            #expect(try store.read { try $0.head().position } == Position(1))
            #expect(store.commitCount == 1)
            try limit(1_000_000)
            try StorageFixture.commit(store, big)
            #expect(try store.read { try $0.head().position } == Position(2))
        }
    }

    @Test func aDamagedRecordIsNamedAsSuch() throws {
        try StorageFixture.withStore { store in
            try StorageFixture.commit(store) { commit, position in
                commit.rows = [try StorageFixture.row(0, "a", position.number, [0: .text("x")])]
            }
            try store.pool.write { try $0.execute(sql: "UPDATE row_company SET satchel_state = x'01ff'") }
            guard let id = RowID("a") else { return }
            #expect(code { _ = try store.read { try $0.row(RowKey(table: 0, id: id)) } } == .fileDamaged)
        }
    }
}
