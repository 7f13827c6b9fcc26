import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore
import Testing

@Suite struct OpeningTests {
    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("open-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func code(opening path: String) -> ErrorCode? {
        do {
            try ReplicaDatabase.open(path: path).close()
            return nil
        } catch {
            return (error as? SatchelError)?.code
        }
    }

    @Test func anEmptyFileBecomesASatchel() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a").path
        try Data().write(to: URL(fileURLWithPath: path))
        let database = try ReplicaDatabase.open(path: path)
        #expect(try database.read { try $0.state() } == ReplicaState())
        #expect(try database.read { try $0.schema() } == nil)
        let pragmas = try database.pool.writeWithoutTransaction { database in
            try ["journal_mode", "secure_delete", "synchronous", "foreign_keys"].map {
                try String.fetchOne(database, sql: "PRAGMA \($0)")
            }
        }
        #expect(pragmas == ["wal", "1", "2", "0"])
        try database.close()
    }

    @Test func othersFilesAreLeftAsTheyWere() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let garbage = folder.appendingPathComponent("garbage")
        try Data((0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: garbage)
        let foreign = folder.appendingPathComponent("foreign")
        let queue = try DatabaseQueue(path: foreign.path)
        try queue.write { try $0.execute(sql: "CREATE TABLE t (x); INSERT INTO t VALUES (1)") }
        try queue.close()
        for url in [garbage, foreign] {
            let before = try Data(contentsOf: url)
            #expect(code(opening: url.path) == .notASatchel)
            #expect(try Data(contentsOf: url) == before)
        }
        #expect(code(opening: folder.path) == .notASatchel)
        #expect(code(opening: folder.path + "/no/such/folder/file") == .notFound)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["foreign", "garbage"])
    }

    @Test func aNewerFileIsRefused() throws {
        let world = try StoreWorld()
        try world.database.pool.write { try $0.execute(sql: "PRAGMA user_version = 2") }
        #expect(code(opening: world.path) == .fileTooNew)
    }

    @Test func aDamagedFileIsNamedAsSuch() throws {
        let world = try StoreWorld()
        try world.receiveCompanies(0..<500)
        try world.database.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: world.path))
        for page in stride(from: 4096, to: bytes.count, by: 4096) {
            for offset in 0..<200 { bytes[page + offset] = UInt8(truncatingIfNeeded: offset &* 7 &+ 1) }
        }
        try bytes.write(to: URL(fileURLWithPath: world.path))
        #expect(code(opening: world.path) == .fileDamaged)
    }

    @Test func theSchemaIsKnownAgainWhenReopened() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        try world.database.close()
        let again = try ReplicaDatabase.open(path: world.path)
        #expect(try again.read { try $0.schema() } == StoreWorld.schema)
        #expect(try again.read { try $0.row(StoreWorld.key(StoreWorld.company, 1)) }?[1] == .text("Company 1"))
        try again.write { try $0.execute(sql: "UPDATE company SET visits = 4") }
        #expect(try again.withStore { try $0.takeOpenChanges(limit: 10) }.count == 1)
        try again.close()
    }

    @Test func anAppsOwnTablesLiveBeside() throws {
        let world = try StoreWorld()
        try world.database.write { database in
            try database.execute(
                sql: "CREATE TABLE mine (x); INSERT INTO mine VALUES (1); CREATE INDEX by_name ON company (name)")
        }
        try world.receiveCompanies([1])
        #expect(try world.database.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM mine") } == 1)
        #expect(try world.open().isEmpty)
    }

    @Test func aTableOfTheAppsWithTheSameNameIsAnError() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = try ReplicaDatabase.open(path: folder.appendingPathComponent("a").path)
        try database.write { try $0.execute(sql: "CREATE TABLE product (x)") }
        let error = #expect(throws: SatchelError.self) { try database.withStore { try $0.install(StoreWorld.schema) } }
        #expect(error?.code == .alreadyExists)
        #expect(try database.pool.read { try $0.tableExists("company") } == false)
        try database.close()
    }

    @Test func twoPoolsMakeOneFileAtOnce() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a").path
        let opened = try await withThrowingTaskGroup(of: ReplicaDatabase.self) { group in
            for _ in 0..<4 { group.addTask { try ReplicaDatabase.open(path: path) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (number, database) in opened.enumerated() {
            try await database.withStore { store in
                var state = try store.state()
                #expect(state.lastCounter == UInt64(number))
                state.lastCounter += 1
                try store.setState(state)
            }
        }
        for database in opened { try database.close() }
    }
}
