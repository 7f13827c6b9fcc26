import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// What may land, cell by cell, and with which code it is refused.
@Suite struct JudgementTests {
    let bench = Bench()

    @Test func aForbiddenCellDoesNotDragItsNeighboursDown() throws {
        let company = try bench.company(1)
        let verdict = try bench.commit(
            "anna", [Bench.change(.update, "company", company, ["name": .text("New"), "limit": .text("5")])])
        #expect(verdict.summary == ["limit: field-not-writable"])
        #expect(try bench.value("company", company, "name") == .text("New"))
        #expect(try bench.value("company", company, "limit") == .null)
        let refusal = try #require(verdict.exceptions[0].refusal)
        let record = try #require(try bench.store.read { try $0.refusal(refusal) })
        #expect(record.cells == [CellWrite(field: "limit", value: .text("5"))])
        #expect(record.user == "anna" && record.state == .outstanding)
    }

    @Test func creatingNeedsARightAtAScopeAndMaySetOnlyWhatIsSettable() throws {
        func create(_ values: [String: Value], by user: String = "anna") throws -> [String] {
            try bench.commit(user, [Bench.change(.insert, "company", Bench.id(UInt8.random(in: 50...250)), values)]).summary
        }
        #expect(try create(["name": .text("a"), "territory": .text("south")]) == ["*: create-not-permitted"])
        #expect(try create(["name": .text("b"), "territory": .text("nowhere")]) == ["*: create-not-permitted"])
        #expect(try create(["name": .text("c")]) == ["*: no-scope"])
        #expect(try create(["territory": .text("north")]) == ["*: required-field-missing"])
        #expect(
            try create(["name": .text("d"), "territory": .text("north"), "limit": .text("9")]) == ["limit: field-not-settable"])
        #expect(try create(["name": .text("e"), "territory": .text("north"), "tax": .text("DE1")]) == [])
        #expect(try create(["name": .text("f"), "territory": .text("north"), "limit": .text("9")], by: "mia") == [])
    }

    @Test func valuesAreCheckedWhoeverWrites() throws {
        let company = try bench.company(1)
        func write(_ field: String, _ value: Value, trusted: Bool = false) throws -> [String] {
            try bench.commit("mia", [Bench.change(.update, "company", company, [field: value])], trusted: trusted).summary
        }
        #expect(try write("name", .text(String(repeating: "x", count: 21))) == ["name: value-too-long"])
        #expect(try write("name", .null) == ["name: required-field-missing"])
        #expect(try write("name", .integer(1)) == ["name: type-mismatch"])
        #expect(try write("limit", .real(.nan)) == ["limit: not-a-number"])
        #expect(try write("notes", .text("a\0b")) == ["notes: invalid-text"])
        #expect(try write("colour", .text("red")) == ["colour: unknown-field"])
        #expect(try write("name", .integer(1), trusted: true) == ["name: type-mismatch"])
        let unknown = try bench.commit("mia", [Bench.change(.insert, "planet", Bench.id(9), ["name": .text("x")])])
        #expect(unknown.summary == ["*: unknown-table"])
    }

    @Test func absentAndForbiddenReadTheSame() throws {
        let theirs = try bench.company(1, by: "ben", territory: "south")
        let answers = try [theirs, Bench.id(200)].map { id in
            var verdict = try bench.commit("anna", [Bench.change(.update, "company", id, ["name": .text("x")])])
            verdict.exceptions += try bench.commit("anna", [Bench.change(.delete, "company", id)]).exceptions
            verdict.exceptions += try bench.commit(
                "anna", [Bench.change(.insert, "contact", Bench.id(201), ["company": .text(id.text), "name": .text("y")])]
            ).exceptions
            return verdict.exceptions.map { "\($0.code) \($0.reason)" }
        }
        #expect(answers[0] == answers[1])
        #expect(answers[0].count == 3)
        // An id that exists where one cannot see reads like one that is not well made.
        let taken = try bench.commit(
            "anna", [Bench.change(.insert, "company", theirs, ["name": .text("z"), "territory": .text("north")])])
        let malformed = try bench.commit(
            "anna",
            [Bench.change(.insert, "company", try #require(RowID("x1")), ["name": .text("z"), "territory": .text("north")])])
        #expect(taken.exceptions.map(\.reason) == malformed.exceptions.map(\.reason))
        #expect(taken.summary == ["*: invalid-id"])
    }

    @Test func newRowsMayLeanOnEachOtherAndFallTogether() throws {
        let good = Bench.change(.insert, "company", Bench.id(1), ["name": .text("C"), "territory": .text("north")])
        let contact = Bench.change(.insert, "contact", Bench.id(2), ["company": .text(Bench.id(1).text), "name": .text("P")])
        let call = Bench.change(.insert, "call", Bench.id(3), ["contact": .text(Bench.id(2).text), "topic": .text("t")])
        #expect(try bench.commit("anna", [call, contact, good]).summary == [])
        #expect(try bench.row("call", Bench.id(3))?.currentRoots == bench.row("company", Bench.id(1))?.currentRoots)

        let bad = Bench.change(.insert, "company", Bench.id(11), ["name": .text("C"), "territory": .text("south")])
        let child = Bench.change(.insert, "contact", Bench.id(12), ["company": .text(Bench.id(11).text)])
        let grandchild = Bench.change(.insert, "call", Bench.id(13), ["contact": .text(Bench.id(12).text)])
        let verdict = try bench.commit("anna", [grandchild, child, bad])
        #expect(verdict.exceptions.count == 3)
        #expect(Set(verdict.exceptions.map(\.code)) == [.createNotPermitted, .referenceNotVisible])
        #expect(try bench.row("call", Bench.id(13)) == nil)
    }

    @Test func movingNeedsTheRightAtBothEnds() throws {
        let company = try bench.company(1)
        let move = Bench.change(.update, "company", company, ["territory": .text("south")])
        #expect(try bench.commit("anna", [move]).summary == ["territory: field-not-writable"])
        #expect(
            try bench.commit("mia", [Bench.change(.update, "company", company, ["territory": .null])]).summary == [
                "territory: no-scope"
            ])
        #expect(
            try bench.commit("mia", [Bench.change(.update, "company", company, ["territory": .text("nowhere")])]).summary
                == ["territory: move-not-permitted"])
        #expect(try bench.commit("mia", [move]).summary == [])
        #expect(
            try bench.commit("anna", [Bench.change(.update, "company", company, ["name": .text("late")])]).summary == [
                "name: no-longer-in-scope"
            ])
        #expect(try bench.commit("ben", [Bench.change(.update, "company", company, ["name": .text("mine")])]).summary == [])
        // A contact may not be carried to a company that its mover cannot see.
        let north = try bench.company(3)
        let contact = Bench.id(4)
        try bench.commit("anna", [Bench.change(.insert, "contact", contact, ["company": .text(north.text)])])
        #expect(
            try bench.commit("anna", [Bench.change(.update, "contact", contact, ["company": .text(company.text)])]).summary
                == ["company: reference-not-visible"])
    }

    @Test func anAtomicTransactionLandsWholeOrNotAtAll() throws {
        let company = try bench.company(1)
        let changes = [
            Bench.change(.update, "company", company, ["name": .text("New"), "limit": .text("5")]),
            Bench.change(.insert, "contact", Bench.id(2), ["company": .text(company.text)]),
        ]
        let verdict = try bench.commit("anna", changes, isAtomic: true)
        #expect(Set(verdict.summary) == ["limit: field-not-writable", "name: atomic-refused", "*: atomic-refused"])
        #expect(try bench.value("company", company, "name") == .text("Company 1"))
        #expect(try bench.row("contact", Bench.id(2)) == nil)
    }

    @Test func whatWasNeverSentCannotHaveBeenSeen() throws {
        let company = try bench.company(1)
        let verdict = try bench.commit(
            "anna", [Bench.change(.update, "company", company, ["name": .text("x")])], seen: Position(bench.head.number + 5))
        #expect(verdict.summary == ["name: seen-not-sent"])
    }

    @Test func anUndecodableTransactionConsumesItsCounter() throws {
        let bench = bench
        var chain = RunningHash.start
        func item(_ counter: UInt64, _ decoded: Transaction?, payload: [UInt8] = [9, 9]) -> IngestItem {
            let item = IngestItem(
                replica: Bench.replica("anna"), authority: .user("anna"),
                sealed: SealedTransaction(counter: counter, payload: payload), after: chain, decoded: decoded,
                pushed: ClockReading(wallMilliseconds: 0, boot: [], uptimeMilliseconds: 0), receivedMilliseconds: 1,
                proven: .zero, epoch: Epoch(1))
            chain = item.runningHash
            return item
        }
        let empty = Transaction(
            counter: 2, epoch: Epoch(1), clock: ClockReading(wallMilliseconds: 0, boot: [], uptimeMilliseconds: 0), changes: [])
        let report = try bench.store.write { try Ingest.commit([item(1, nil), item(2, empty), item(4, empty)], in: $0) }
        guard case .verdict(let void) = report.outcomes[0], case .verdict(let next) = report.outcomes[1],
            case .failed(let gap) = report.outcomes[2]
        else {
            Issue.record("\(report.outcomes)")
            return
        }
        #expect(void.isVoid && !next.isVoid)
        #expect(gap.code == .counterGap && gap.action == .resumeFrom(counter: 3))
        chain = RunningHash.start
        let repeated = try bench.store.write { try Ingest.commit([item(1, nil)], in: $0) }
        #expect(repeated.outcomes == [.repeated(void)])
        #expect(bench.store.entries(after: .zero, limit: 10).count == 2)

        // The same counter with other content is another writer, and nothing that follows it is taken.
        chain = RunningHash.start
        let forged = [item(1, nil, payload: [1]), item(2, empty), item(3, empty)]
        let refused = try bench.store.write { try Ingest.commit(forged, in: $0) }
        for outcome in refused.outcomes {
            guard case .failed(let failure) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(failure.code == .replicaDiverged && failure.action == .enrol)
        }
        #expect(bench.store.entries(after: .zero, limit: 10).count == 2)
    }
}
