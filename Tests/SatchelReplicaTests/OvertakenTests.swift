import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelReplica
import Synchronization
import Testing

@testable import satchel

/// Edits of a row that someone deleted: the row goes, what was written of it is listed until its user accepts that.
@Suite struct OvertakenTests {
    private static func overtaken(_ id: RowID, _ field: String?, _ code: ErrorCode = .rowDeleted) -> VerdictException {
        VerdictException(
            table: "company", id: id, field: field, outcome: .superseded, code: code, reason: "The row was deleted.")
    }

    /// An edit of two cells and a delete, each overtaken by someone else's delete; one cell more lost to a concurrent write.
    private func world() async throws -> World {
        let world = try await World.ready()
        let replica = world.replica
        try await replica.set("company", Sample.id(1), ["notes": .text("mine"), "visits": .integer(9)])
        try await replica.delete("company", Sample.id(2))
        try await replica.set("company", Sample.id(3), ["notes": .text("late")])
        world.organisation.state.withLock { state in
            state.exceptions = [
                1: [Self.overtaken(Sample.id(1), "notes"), Self.overtaken(Sample.id(1), "visits")],
                2: [Self.overtaken(Sample.id(2), nil)], 3: [Self.overtaken(Sample.id(3), "notes", .concurrentWrite)],
            ]
            let left = PullFrame.left(RowsLeft(table: "company", ids: [Sample.id(1), Sample.id(2)]))
            state.differences[1] = [.mask(Sample.mask), .places(Sample.places), left]
        }
        return world
    }

    @Test func theLosersAreListedUntilTheDeletionIsAccepted() async throws {
        let world = try await world()
        let replica = world.replica
        let report = try await replica.sync()
        #expect(report.conflicts == 3 && report.refused == 0 && report.pushed == 3)
        #expect(try await replica.row("company", Sample.id(1)) == nil)
        #expect(try await replica.status().conflicts == 3)
        let conflicts = try await replica.conflicts()
        #expect(conflicts.map(\.field) == ["notes", "visits", nil])
        #expect(conflicts.allSatisfy { $0.kept == nil && $0.rule == "delete" && $0.table == "company" })
        #expect(conflicts.map { $0.lost.map(\.value) } == [[.text("mine")], [.integer(9)], [.null]])
        #expect(conflicts.allSatisfy { $0.lost.allSatisfy { $0.user == "anna" && $0.milliseconds > 0 } })

        // Told once, listed once, however often it is said.
        #expect(try await replica.sync().conflicts == 0)
        #expect(try await world.another().conflicts() == conflicts)

        #expect(await code { try await replica.keep("company", Sample.id(1), "name") } == .notFound)
        #expect(await code { try await replica.keep("company", Sample.id(1), nil) } == .notFound)
        try await replica.keep("company", Sample.id(1), "notes")
        #expect(try await replica.conflicts() == Array(conflicts.dropFirst()))
        try await replica.keep("company", Sample.id(2), nil)
        try await replica.keep("company", Sample.id(1), "visits")
        #expect(try await replica.conflicts().isEmpty)
        let status = try await replica.status()
        #expect(status.conflicts == 0 && status.pending == 0)
    }

    @Test func theProgramPrintsThem() async throws {
        let world = try await world()
        _ = try await world.replica.sync()
        let conflicts = try await world.replica.conflicts()
        let first = try #require(conflicts.first)
        let at = try #require(Times.text(first.lost.first?.milliseconds))
        #expect(
            ConflictsCommand.json(first, Sample.schema).text
                == #"{"table":"company","id":"\#(first.id)","field":"notes","kept":{"value":null,"user":null,"at":null},"#
                + #""lost":[{"value":"mine","user":"anna","at":"\#(at)"}],"rule":"delete"}"#)
        let last = try #require(conflicts.last)
        #expect(ConflictsCommand.json(last, Sample.schema).text.contains(#""field":null,"kept""#))
        let text = ConflictsCommand.text(conflicts, Sample.schema).text(widest: nil)
        #expect(text.contains("(the row was deleted)") && text.contains("mine") && text.contains("(row)"))
    }
}
