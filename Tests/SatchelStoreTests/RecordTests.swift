import GRDB
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import Testing

/// Everything that the file keeps beside the rows comes back as it was put there.
@Suite struct RecordTests {
    private let key = StoreWorld.key(StoreWorld.company, 1)

    @Test func state() throws {
        let world = try StoreWorld()
        var state = ReplicaState()
        state.replica = ReplicaID(0x7FFF_FFFF_FFFF_FFFF)
        state.user = "anna"
        state.organisation = "o"
        state.server = "https://h:1"
        state.cursor = Cursor(epoch: Epoch(.max), position: Position(1 << 40), seal: [1, 2])
        state.lastCounter = 9
        state.lastHash = [3]
        state.appliedThrough = 4
        state.appliedHash = [5]
        state.confirmedThrough = 6
        state.lastSyncMilliseconds = 7
        let wanted = state
        try world.database.withStore { try $0.setState(wanted) }
        #expect(try world.database.read { try $0.state() } == wanted)
    }

    @Test func transactions() throws {
        let world = try StoreWorld()
        let all = (1...5).map { counter in
            PendingTransaction(
                sealed: SealedTransaction(counter: UInt64(counter), payload: [UInt8](repeating: UInt8(counter), count: 10)),
                runningHash: [UInt8(counter)])
        }
        try world.database.withStore { store in
            for transaction in all { try store.append(transaction) }
            #expect(try store.transactions(after: 0, limit: .max, bytes: .max) == all)
            #expect(try store.transactions(after: 1, limit: 2, bytes: 100) == Array(all[1...2]))
            #expect(try store.transactions(after: 0, limit: 9, bytes: 25) == Array(all[0...1]))
            #expect(try store.transactions(after: 0, limit: 9, bytes: 1) == [all[0]])
            #expect(try store.transaction(3) == all[2])
            try store.removeTransactions(through: 3)
            #expect(try store.transactions(after: 0, limit: 9, bytes: 100) == Array(all[3...]))
        }
        #expect(try world.database.read { try $0.transactionCount() } == all.count - 3)
    }

    @Test func shadowsConflictsAndRefusals() throws {
        let world = try StoreWorld()
        let shadow = Shadow(
            baseExists: true, existenceCounter: 3, isDeletedHere: true,
            cells: [
                0: .init(base: .text("ä"), counter: 1, seen: Position(9)), 8: .init(base: .real(-1.5), counter: 0, seen: .zero),
                6: .init(base: .null, counter: .max, seen: .zero), 7: .init(base: .blob([0]), counter: 0, seen: .zero),
            ])
        let conflict = LocalConflict(
            rule: "lww",
            heads: [.init(value: .text("a"), user: "anna", milliseconds: 5), .init(value: .null, user: "mia", milliseconds: 4)])
        let refusal = LocalRefusal(
            id: RefusalID(dot: Dot(replica: ReplicaID(7), counter: 3), number: 2), table: "company", row: key.id,
            operation: .update,
            field: "name", cells: [CellWrite(field: "name", value: .text("x"), seen: Position(3))], code: .noLongerInScope,
            reason: "r",
            writtenMilliseconds: 12)
        try world.database.withStore { store in
            #expect(try store.hasShadows(table: 0) == false)
            try store.setShadow(shadow, of: key)
            #expect(try store.shadow(key) == shadow)
            #expect(try store.hasShadows(table: 0))
            #expect(try store.hasShadows(table: 1) == false)
            #expect(try store.shadowedRows() == [key])
            try store.setShadow(nil, of: key)
            #expect(try store.shadow(key) == nil)

            try store.setConflict(conflict, key: key, field: 1)
            #expect(try store.conflict(key: key, field: 1) == conflict)
            #expect(try store.hasConflicts(table: 0))
            try store.addRefusal(refusal)
            try store.addRefusal(refusal)
        }
        try world.database.read { reader throws in
            #expect(try reader.conflicts() == [PlacedConflict(key: key, field: 1, conflict: conflict)])
            #expect(try reader.refusals() == [refusal])
            #expect(try reader.refusalCount() == 1)
        }
        try world.database.withStore { store in
            try store.removeConflicts(of: key)
            #expect(try store.hasConflicts(table: 0) == false)
            try store.removeRefusal(refusal.id)
        }
        #expect(try world.database.read { try $0.refusalCount() } == 0)
    }

    @Test func masksAreNumberedByContent() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        var other = StoreWorld.repMask
        other.number = 99
        other.roles = ["manager"]
        let same = other
        #expect(try world.database.withStore { try $0.maskNumber(same) } == world.rep)
        try world.database.read { reader throws in
            let mask = try #require(try reader.mask(of: key))
            #expect(mask.roles == ["manager"])
            #expect(mask.tables == StoreWorld.repMask.tables)
            let places = try #require(try reader.places())
            #expect(places.user == "anna")
            #expect(places.territories.map(\.id) == ["dach", "nordics"])
            #expect(places.territories.map(\.mask) == [world.rep, world.peer])
        }
    }

    @Test func aLocalWriteInsideTheStoreIsLoggedAndJudged() throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let changes = try world.database.withStore { store in
            try store.setRow(key, values: [1: .text("server")])
            try store.writeLocally { try $0.execute(sql: "UPDATE company SET visits = 8") }
            return try store.takeOpenChanges(limit: 10)
        }
        #expect(changes == [OpenChange(key: key, operation: .update, cells: [cell(6, .integer(3), .integer(8))])])
        let error = #expect(throws: SatchelError.self) {
            try world.database.withStore { try $0.writeLocally { try $0.execute(sql: "UPDATE company SET secret = 'x'") } }
        }
        #expect(error?.code == .fieldNotWritable)
    }

    @Test(.timeLimit(.minutes(1))) func observersHearOfBothSides() async throws {
        let world = try StoreWorld()
        try world.receiveCompanies([1])
        let names = ValueObservation.tracking { try String.fetchAll($0, sql: "SELECT name FROM company") }
        var values = names.values(in: world.database.pool).makeAsyncIterator()
        // The first values may come twice: GRDB looks again when it has begun to observe.
        func wait(for name: String) async throws {
            while let value = try await values.next(), value != [name] {}
        }
        try await wait(for: "Company 1")
        // Through hand-bound statements of this process.
        try await world.database.withStore { [key] in try $0.setRow(key, values: [1: .text("a")]) }
        try await wait(for: "a")
        // From another process, by way of data_version.
        var others = world.database.changesByOthers(every: .milliseconds(5)).makeAsyncIterator()
        let before = try await world.database.dataVersion()
        try await world.database.withStore { [key] in try $0.setRow(key, values: [6: .integer(0)]) }
        #expect(try await world.database.dataVersion() == before)
        try world.sqlite3("UPDATE company SET name = 'b'")
        #expect(try await others.next() != nil)
        try await wait(for: "b")
        #expect(try await world.database.dataVersion() != before)
    }
}
