import SatchelCore
import SatchelEngine
import SatchelProtocol
import Testing

@Suite struct ServerRowTests {
    static let everyType: [Int: Value] = [
        0: .text("Ärger & Söhne \u{1F680} 'quoted' \"twice\""), 1: .text("dach"), 2: .real(3), 3: .integer(.min),
        4: .integer(1),
        5: .blob([0, 255, 0]), 6: .text("anna"), 7: .text("retail"), 8: .text("-12.50"), 9: .text("[\"a\"]"),
        10: .text("{\"a\":1}"),
        11: .text("2026-11-22"), 12: .text("2026-11-22T06:30:00Z"),
    ]

    @Test(arguments: ServerKind.allCases) func rowOfEveryTypeComesBackWhole(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let edge: [Int: Value] = [
                0: .text(""), 2: .real(.leastNonzeroMagnitude), 3: .integer(.max), 5: .blob([]), 8: .text("007"), 9: .null,
            ]
            let commit = try subject.commit { draft in
                let position = try draft.transaction()
                draft.commit.rows = [
                    ServerWorld.row(ServerWorld.company, "full", position, Self.everyType),
                    ServerWorld.row(ServerWorld.company, "edge", position, edge),
                    ServerWorld.row(ServerWorld.company, "reals", position, [2: .real(-1.7976931348623157e308)]),
                    ServerWorld.row(ServerWorld.company, "bare", position),
                ]
            }
            try subject.reopen()
            for row in commit.rows { #expect(try subject.row(row.key) == row) }
            #expect(try subject.row(ServerWorld.key(0, "FULL")) == nil)
            #expect(try subject.row(ServerWorld.key(1, "full")) == nil)
            #expect(try subject.row(ServerWorld.key(9, "full")) == nil)
        }
    }

    @Test(arguments: ServerKind.allCases) func idsThatOnlyLookAlikeAreApart(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let composed = "caf\u{E9}"
            let decomposed = "cafe\u{301}"
            try subject.commit { draft in
                let position = try draft.transaction()
                draft.commit.rows = [
                    ServerWorld.row(ServerWorld.company, composed, position, [0: .text(decomposed)]),
                    ServerWorld.row(ServerWorld.company, decomposed, position, [0: .text(composed)]),
                ]
            }
            #expect(try subject.row(ServerWorld.key(0, composed))?.state.value(0) == .text(decomposed))
            #expect(try subject.row(ServerWorld.key(0, decomposed))?.state.value(0) == .text(composed))
        }
    }

    @Test(arguments: ServerKind.allCases) func headsStampsAndDeathSurvive(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            var row = ServerWorld.row(ServerWorld.company, "a", Position(1), Self.everyType)
            try subject.commit { draft in
                try draft.transaction()
                draft.commit.rows = [row]
            }
            // A concurrent write by another replica: two heads.
            let rival = ServerWorld.stamp(2, replica: 9, counter: 1)
            _ = row.state.admit(
                Head(value: .text("rival"), stamp: rival), field: 0, incarnation: 1,
                past: PositionPast(dot: rival.dot, seen: .zero),
                kind: .lww)
            row.position = Position(2)
            #expect(row.state.cells[0]?.heads.count == 2)
            try subject.commit { draft in
                try draft.transaction(by: ReplicaID(9))
                draft.commit.rows = [row]
            }
            try subject.reopen()
            #expect(try subject.row(row.key) == row)

            let death = ServerWorld.stamp(3, replica: 9, counter: 2)
            let isDead = row.state.delete(death, past: PositionPast(dot: death.dot, seen: Position(2)))
            #expect(isDead)
            row.position = Position(3)
            try subject.commit { draft in
                try draft.transaction(by: ReplicaID(9))
                draft.commit.rows = [row]
            }
            try subject.reopen()
            let dead = try subject.row(row.key)
            #expect(dead == row)
            #expect(dead?.state.isAlive == false)
            #expect(dead?.state.value(5) == .blob([0, 255, 0]))
        }
    }

    @Test(arguments: ServerKind.allCases) func referencingFollowsTheShownValue(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            func contact(_ id: String, _ position: Position, of company: String?, chief: String? = nil) -> StoredRow {
                ServerWorld.row(
                    ServerWorld.contact, id, position,
                    [
                        0: .text(id), ServerWorld.employer: company.map(Value.text) ?? .null,
                        ServerWorld.chief: chief.map(Value.text) ?? .null,
                    ])
            }
            func referencing(_ field: Int, _ id: String) throws -> [String] {
                try subject.store.read { (reader) throws in
                    try reader.referencing(table: ServerWorld.contact, field: field, id: ServerWorld.key(0, id).id).map(\.text)
                }
            }
            try subject.commit { draft in
                let position = try draft.transaction()
                draft.commit.rows = [
                    contact("c", position, of: "a"), contact("b", position, of: "a", chief: "c"),
                    contact("d", position, of: "x"),
                    contact("e", position, of: nil),
                ]
            }
            #expect(try referencing(ServerWorld.employer, "a") == ["b", "c"])
            #expect(try referencing(ServerWorld.chief, "c") == ["b"])
            #expect(try referencing(ServerWorld.chief, "a").isEmpty)

            try subject.commit { draft in
                let position = try draft.transaction()
                var dead = contact("c", Position(1), of: "a")
                let stamp = ServerWorld.stamp(position.number)
                _ = dead.state.delete(stamp, past: PositionPast(dot: stamp.dot, seen: Position(1)))
                draft.commit.rows = [contact("b", position, of: "x"), dead, contact("e", position, of: "a")]
            }
            try subject.reopen()
            #expect(try referencing(ServerWorld.employer, "a") == ["c", "e"])
            #expect(try referencing(ServerWorld.employer, "x") == ["b", "d"])
            #expect(try referencing(ServerWorld.chief, "c").isEmpty)
        }
    }

    @Test(arguments: ServerKind.allCases) func whatIsWrittenIsReadInTheSameBody(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.store.write { writer in
                #expect(try writer.row(ServerWorld.key(0, "a")) == nil)
                for round in 1...3 {
                    var draft = try CommitDraft(writer)
                    let position = try draft.transaction()
                    draft.commit.rows = [ServerWorld.row(ServerWorld.company, "a", position, [3: .integer(Int64(round))])]
                    try writer.write(draft.commit)
                    #expect(try writer.head().position == Position(UInt64(round)))
                    #expect(try writer.row(ServerWorld.key(0, "a"))?.state.value(3) == .integer(Int64(round)))
                    #expect(try writer.applied(ReplicaID(7)).counter == UInt64(round))
                }
            }
            #expect(try subject.row(ServerWorld.key(0, "a"))?.state.value(3) == .integer(3))
            #expect(subject.commitCount == 1)
        }
    }
}
