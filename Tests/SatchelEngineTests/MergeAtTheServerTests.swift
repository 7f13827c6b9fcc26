import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Causality and stamps as ingest applies them.
@Suite struct MergeAtTheServerTests {
    let bench = Bench()

    private func rename(_ company: RowID, _ name: String, by user: String, seen: Position? = nil, wall: UInt64? = nil) throws
        -> TransactionVerdict
    {
        try bench.commit(user, [Bench.change(.update, "company", company, ["name": .text(name)])], seen: seen, wall: wall)
    }

    @Test func aCausallyLaterWriteWinsWhateverTheClocksSay() throws {
        let company = try bench.company(1)
        #expect(try rename(company, "ahead", by: "anna", wall: bench.now + 315_360_000_000).summary == [])
        #expect(try rename(company, "behind", by: "mia", wall: 1).summary == [])
        #expect(try bench.value("company", company, "name") == .text("behind"))
        #expect(try bench.row("company", company)?.state.cells[0]?.heads.count == 1)
    }

    @Test func theLoserOfAConcurrentWriteIsKept() throws {
        let company = try bench.company(1)
        let seen = bench.head
        #expect(try rename(company, "later", by: "mia", seen: seen, wall: bench.now).summary == [])
        #expect(
            try rename(company, "earlier", by: "anna", seen: seen, wall: bench.now - 60_000).summary == [
                "name: concurrent-write"
            ])
        let heads = try #require(try bench.row("company", company)?.state.cells[0]?.heads)
        #expect(heads.map(\.value) == [.text("later"), .text("earlier")])
        // Who saw both dominates both.
        try _ = rename(company, "settled", by: "mia")
        #expect(try bench.row("company", company)?.state.cells[0]?.heads.count == 1)
    }

    @Test func aFarFutureClockWinsNothingAmongConcurrentWrites() throws {
        let company = try bench.company(1)
        let seen = bench.head
        try _ = rename(company, "ten years ahead", by: "anna", seen: seen, wall: bench.now + 315_360_000_000)
        let stamp = try #require(try bench.row("company", company)?.state.cells[0]?.shown?.stamp)
        #expect(stamp.time.milliseconds <= bench.now)
    }

    @Test func aDeletedRowReturnsOnlyThroughAWriteThatSawTheDelete() throws {
        let company = try bench.company(1)
        let seen = bench.head
        #expect(try bench.commit("mia", [Bench.change(.delete, "company", company)]).summary == [])
        #expect(try rename(company, "late", by: "anna", seen: seen).summary == ["name: row-deleted"])
        let values: [String: Value] = ["name": .text("again"), "territory": .text("north")]
        let blind = try bench.commit("anna", [Bench.change(.insert, "company", company, values)], seen: seen)
        #expect(Set(blind.summary) == ["name: row-deleted", "territory: row-deleted"])
        #expect(try bench.row("company", company)?.state.isAlive == false)
        #expect(try bench.commit("mia", [Bench.change(.insert, "company", company, values)]).summary == [])
        #expect(try bench.row("company", company)?.state.isAlive == true)
        #expect(try bench.value("company", company, "notes") == .null)
    }

    @Test func aMoveIsOneEntryWhateverHangsOnIt() throws {
        let company = try bench.company(1)
        for number in UInt8(10)..<60 {
            try bench.commit("anna", [Bench.change(.insert, "contact", Bench.id(number), ["company": .text(company.text)])])
        }
        let before = try #require(try bench.row("contact", Bench.id(10)))
        try bench.commit("mia", [Bench.change(.update, "company", company, ["territory": .text("south")])])
        #expect(try bench.row("contact", Bench.id(10)) == before)
        let root = try #require(before.currentRoots.first)
        let memberships = try bench.store.read { try $0.memberships(of: root) }
        #expect(memberships.filter { $0.ended == nil }.map(\.scope) == [.territory("south")])
        #expect(memberships.count == 2)
    }
}

@Suite struct AdmissionClockTests {
    private func clock(_ wall: UInt64, up: UInt64 = 0, boot: [UInt8] = []) -> ClockReading {
        ClockReading(wallMilliseconds: wall, boot: boot, uptimeMilliseconds: up)
    }

    private func time(_ written: ClockReading, _ pushed: ClockReading, floor: HLC = .zero) -> HLC {
        AdmissionClock.time(
            written: written, pushed: pushed, received: 1_000_000, floor: floor, log: HLC(milliseconds: 900_000, logical: 0))
    }

    @Test func skewIsTakenOut() {
        #expect(time(clock(5_000), clock(65_000)).milliseconds == 940_000)
        #expect(time(clock(90_000_000), clock(90_060_000)).milliseconds == 940_000)
    }

    @Test func uptimeTellsWhenTheWallClockWasSetInBetween() {
        let written = clock(9_999_999_999, up: 10_000, boot: [1])
        #expect(time(written, clock(1_000_000, up: 40_000, boot: [1])).milliseconds == 970_000)
        // After a reboot only the wall clocks are left; the future is clamped.
        #expect(time(written, clock(1_000_000, up: 40_000, boot: [2])).milliseconds == 1_000_000)
    }

    @Test func theFloorWinsByTheLogicalPart() {
        let floor = HLC(milliseconds: 999_000, logical: 7)
        #expect(time(clock(0), clock(500_000), floor: floor) == HLC(milliseconds: 999_000, logical: 8))
        #expect(time(clock(.max), clock(0)).milliseconds == 1_000_000)
    }
}
