import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Rows placed through one another, however many: nobody else's work may wait for them.
@Suite struct LongChainTests {
    private static let schema = Schema(
        name: "tree", version: 1,
        tables: [
            Table(
                name: "node", partition: [.territory(field: 0), .through(field: 1)],
                fields: [Field(name: "territory", type: .territory), Field(name: "parent", type: .reference("node"))])
        ])
    private static let rep = Policy.Role(
        name: "rep", rights: [0: Rights(read: FieldSet([0, 1]), write: FieldSet([0, 1]), create: true)])

    private let store = MemoryServerStore(
        governance: Governance(
            schema: schema, policy: Policy(name: "tree", version: 1, roles: [rep]),
            organisation: Organisation(
                territories: [
                    "all": .init(id: "all", name: "All", parent: nil), "north": .init(id: "north", name: "N", parent: "all"),
                    "south": .init(id: "south", name: "S", parent: "all"),
                ], users: ["anna": .init(id: "anna", name: "Anna")],
                grants: [.init(user: "anna", role: "rep", scope: .territory("north"))])), epoch: Epoch(1))

    /// Ids fall as the chain goes down: the order in which rows are judged helps nobody.
    private static func id(_ place: Int) -> RowID {
        let digits = String(0xFFFF_FFFF - place, radix: 16)
        return RowID("00000000-0000-7000-8000-0000\(digits)") ?? Bench.id(1)
    }

    private func push(_ length: Int, in territory: String, eachPlaced: Bool = false) throws -> TransactionVerdict {
        let changes = (0..<length).map { place in
            var cells: [CellWrite] = []
            if place == 0 || eachPlaced { cells.append(CellWrite(field: "territory", value: .text(territory))) }
            if place > 0 { cells.append(CellWrite(field: "parent", value: .text(Self.id(place - 1).text))) }
            return Change(table: "node", id: Self.id(place), operation: .insert, seen: .zero, cells: cells)
        }
        let clock = ClockReading(wallMilliseconds: 1_800_000_000_000, boot: [], uptimeMilliseconds: 0)
        let item = IngestItem(
            replica: ReplicaID(1), authority: .user("anna"), sealed: SealedTransaction(counter: 1, payload: [1]),
            after: RunningHash.start,
            decoded: Transaction(counter: 1, epoch: Epoch(1), clock: clock, isAtomic: false, changes: changes), pushed: clock,
            receivedMilliseconds: 1_800_000_000_000, proven: .zero, epoch: Epoch(1))
        let outcome = try store.write { try Ingest.commit([item], in: $0) }.outcomes[0]
        guard case .verdict(let verdict) = outcome else { throw Bench.BenchFault(outcome: outcome) }
        return verdict
    }

    /// With work that grows with the square of the length this takes many minutes.
    @Test(.timeLimit(.minutes(1))) func aLongChainLandsUnderOneRoot() throws {
        #expect(try push(5_000, in: "north").exceptions.isEmpty)
        let last = try #require(try store.read { try $0.row(RowKey(table: 0, id: Self.id(4_999))) })
        #expect(last.currentRoots.count == 1 && last.ownRoot == nil)
    }

    @Test(.timeLimit(.minutes(1))) func aChainOfRowsThatEachPlaceThemselvesEndsSomewhere() throws {
        let verdict = try push(2_000, in: "north", eachPlaced: true)
        #expect(verdict.exceptions.count == 2_000 - Limits.rowRoots)
        #expect(Set(verdict.exceptions.map(\.code)) == [.tooLarge])
        let last = try #require(try store.read { try $0.row(RowKey(table: 0, id: Self.id(Limits.rowRoots - 1))) })
        #expect(last.currentRoots.count == Limits.rowRoots)
    }

    @Test(.timeLimit(.minutes(1))) func aLongChainThatMayNotStandFallsWhole() throws {
        let verdict = try push(3_000, in: "south")
        #expect(verdict.exceptions.count == 3_000)
        #expect(Set(verdict.exceptions.map(\.id)).count == 3_000)
        #expect(verdict.exceptions.allSatisfy { $0.refusal != nil })
        #expect(try store.read { try $0.row(RowKey(table: 0, id: Self.id(2_999))) } == nil)
    }
}
