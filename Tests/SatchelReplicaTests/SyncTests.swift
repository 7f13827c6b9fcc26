import Foundation
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelReplica
import SatchelWire
import Synchronization
import Testing

@Suite struct SyncTests {
    @Test func pushThenPullToACheckpoint() async throws {
        let world = try await World()
        let first = try await world.replica.sync()
        #expect(first.pulled == 3 && first.pushed == 0 && first.position == Position(1))
        try await world.replica.set("company", Sample.id(1), ["notes": .text("one")])
        let made = try await world.replica.new("company", ["name": .text("New"), "territory": .text("dach")])
        #expect(try await world.replica.status().pending == 2)
        let pending = try await world.replica.pending()
        #expect(pending.map(\.operation) == [.update, .insert])
        #expect(pending.map(\.id) == [Sample.id(1), made])
        #expect(pending[0].fields == ["notes"])
        let second = try await world.replica.sync()
        #expect(second.pushed == 2 && second.position == Position(3))
        #expect(try await world.replica.status().pending == 0)
        let sent = world.organisation.state.withLock { $0.transactions }
        #expect(sent.map(\.counter) == [1, 2])
        #expect(sent[0].changes.first?.seen == Position(1))
        // Nothing left to say: one pull, no push.
        let pushes = world.organisation.count("/v1/push")
        #expect(try await world.replica.sync().pushed == 0)
        #expect(world.organisation.count("/v1/push") == pushes)
    }

    @Test func progressIsTold() async throws {
        let world = try await World()
        let told = Told()
        _ = try await world.replica.sync { told.add($0) }
        #expect(told.all.last?.received == 3)
        #expect(told.all.contains { $0.expected == 3 })
    }

    @Test func theServersWishesAreObeyed() async throws {
        let world = try await World.ready()
        world.organisation.state.withLock { state in
            state.token = "token-2"
            state.failures["/v1/pull"] = [
                Failure(code: .busy, message: "Later.", action: .retryAfter(seconds: 1)),
                Failure(code: .foreignCursor, message: "Whose?", action: .pullAnew),
            ]
        }
        let began = ContinuousClock.now
        #expect(try await world.replica.sync().position == Position(1))
        #expect(ContinuousClock.now - began >= .seconds(1))
        let pulls = world.organisation.state.withLock { state in state.requests.filter { $0.path == "/v1/pull" } }
        // token-1 twice refused or wished for, then one whole pull without a cursor.
        let last = try PullOpen(wireBytes: try #require(pulls.last).body)
        #expect(last.isFull && last.commitment.cursor == nil)
        #expect(world.organisation.state.withLock { $0.tokensGiven } == 2)
    }

    @Test func aTokenThatIsNeverTakenIsAskedForOnce() async throws {
        let world = try await World.ready()
        let refusal = Failure(code: .tokenInvalid, message: "No.", action: .authenticate)
        world.organisation.state.withLock { $0.failures["/v1/pull"] = [refusal, refusal, refusal, refusal] }
        #expect(await code { _ = try await world.replica.sync() } == .tokenInvalid)
        #expect(world.organisation.count("/v1/token") == 2)
    }

    @Test func aServerThatStaysBusyIsLeftAlone() async throws {
        let world = try await World.ready()
        world.organisation.state.withLock {
            $0.failures["/v1/pull"] = [Failure(code: .busy, message: "Later.", action: .retryAfter(seconds: 60))]
        }
        let began = ContinuousClock.now
        #expect(await code { _ = try await world.replica.sync() } == .busy)
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    /// Cut after each byte of the answer's first frames, and at every frame's end: applied once, and only with its checkpoint.
    @Test func aPullThatIsCutBeginsAgain() async throws {
        let world = try await World { $0.attempts = 1 }
        let whole = world.organisation.state.withLock { state in
            (try? FakeOrganisation.run(
                PullOpen(
                    commitment: Commitment(cursor: nil, lastCounter: 0, runningHash: RunningHash.start, confirmedThrough: 0),
                    schemaVersion: nil, isLive: false), state)) ?? []
        }
        try #require(whole.count > 200)
        // Where each frame ends, too.
        let frames = Sample.load(world.organisation.state.withLock { $0.rows }, to: 1)
        let ends = try frames.indices.map { try FakeOrganisation.encode(Array(frames[...$0])).count }
        let places = Array(stride(from: 0, to: whole.count, by: 37)) + ends + [whole.count - 1]
        for (count, isCut) in places.flatMap({ [($0, true), ($0, false)] }) {
            world.organisation.state.withLock { state in
                if isCut { state.cuts["/v1/pull"] = [count] } else { state.endings["/v1/pull"] = [count] }
            }
            #expect(await code { _ = try await world.replica.sync() } == .streamTruncated)
            #expect(try await world.replica.status().position == nil)
            #expect(try await world.replica.schema() == nil)
        }
        #expect(try await world.replica.sync().pulled == 3)
        // With attempts left it mends itself.
        let patient = try await world.another()
        world.organisation.state.withLock { $0.cuts["/v1/pull"] = [10, 5] }
        #expect(try await patient.sync().position == Position(1))
    }

    @Test func aPushWhoseAnswerIsLostIsSentOnceMore() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("once")])
        world.organisation.state.withLock { $0.cuts["/v1/push"] = [0, 3] }
        #expect(try await world.replica.sync().pushed == 1)
        #expect(world.organisation.state.withLock { $0.transactions }.count == 1)
        #expect(world.organisation.count("/v1/push") == 3)
    }

    /// The server takes the device's clock at the push for its clock at the arrival: fetching a token must not come between.
    @Test func theClockIsReadWhenThePushIsSent() async throws {
        let clock = ManualClock(ClockReading(wallMilliseconds: 1_000_000, boot: [], uptimeMilliseconds: 1_000))
        let world = try await World { $0.clock = clock }
        _ = try await world.replica.sync()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("then")])
        world.organisation.state.withLock { state in
            state.token = "token-2"
            state.clock = clock
        }
        _ = try await world.replica.sync()
        let push = try #require(world.organisation.state.withLock { $0.requests.last { $0.path == "/v1/push" } })
        var splitter = FrameSplitter()
        splitter.append(push.body)
        guard case .open(let open)? = try splitter.next().map({ try PushFrame(wireBytes: $0) }) else {
            Issue.record("the push has no head")
            return
        }
        #expect(open.clock == clock.reading())
        let written = try #require(world.organisation.state.withLock { $0.transactions.first })
        #expect(open.clock.wallMilliseconds - written.clock.wallMilliseconds == 5_000)
    }

    @Test func aServerThatGoesAwayIsUnreachable() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("safe")])
        try await world.server.stop()
        #expect(await code { _ = try await world.replica.sync() } == .unreachable)
        #expect(try await world.replica.status().pending == 1)
    }

    @Test func refusalsComeWithTheirPayload() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("mine"), "visits": .integer(9)])
        let dot = Dot(replica: ReplicaID(0x1234), counter: 1)
        world.organisation.state.withLock { state in
            state.exceptions[1] = [
                VerdictException(
                    table: "company", id: Sample.id(1), field: "notes", outcome: .refused(RefusalID(dot: dot, number: 1)),
                    code: .noLongerInScope, reason: "It moved.")
            ]
        }
        let report = try await world.replica.sync()
        #expect(report.refused == 1)
        let refusal = try #require(try await world.replica.refusals().first)
        #expect(refusal.code == .noLongerInScope && refusal.reason == "It moved." && refusal.field == "notes")
        #expect(refusal.cells.map(\.value) == [.text("mine")])
        #expect(try await world.replica.status().refused == 1)

        // Written once more, as a change of now; the server hears of both in one transaction.
        let before = try await world.replica.status().pending
        try await world.replica.retry(refusal.id)
        #expect(try await world.replica.status().pending == before + 1)
        #expect(try await world.replica.refusals().isEmpty)
        #expect(try await world.replica.row("company", Sample.id(1))?["notes"] == .value(.text("mine")))
        _ = try await world.replica.sync()
        let sent = world.organisation.state.withLock { $0.transactions }
        #expect(sent.flatMap(\.changes).filter { $0.cells.map(\.field) == ["notes"] }.count == 1)
        #expect(sent.flatMap(\.resolutions) == [Resolution(refusal: refusal.id, action: .retried)])
        #expect(sent.count == 2 && sent[1].changes.count == 1 && sent[1].resolutions.count == 1)
        #expect(await code { try await world.replica.discard(refusal.id) } == .refusalNotFound)
    }

    /// Another program's broken text, found when the sync closes it.
    @Test func whatThisDeviceRefusesCountsToo() async throws {
        let world = try await World.ready()
        let raw = try DatabaseQueue(path: world.replica.path)
        try await raw.write { try $0.execute(sql: "UPDATE company SET notes = CAST(x'C328' AS TEXT) WHERE visits = 1") }
        let report = try await world.replica.sync()
        #expect(report.refused == 1 && report.pushed == 0)
        try raw.close()
    }

    @Test func aDiscardedRefusalIsToldToTheServer() async throws {
        let world = try await World.ready()
        try await world.replica.set("company", Sample.id(1), ["notes": .text("mine")])
        let id = RefusalID(dot: Dot(replica: ReplicaID(0x1234), counter: 1), number: 1)
        world.organisation.state.withLock { state in
            state.exceptions[1] = [
                VerdictException(
                    table: "company", id: Sample.id(1), field: nil, outcome: .refused(id), code: .noLongerInScope, reason: "")
            ]
        }
        _ = try await world.replica.sync()
        try await world.replica.discard(id)
        _ = try await world.replica.sync()
        let sent = world.organisation.state.withLock { $0.transactions }
        #expect(sent.last?.resolutions == [Resolution(refusal: id, action: .discarded)])
        #expect(try await world.replica.refusals().isEmpty)
    }

    @Test func conflictsAreListedAndKept() async throws {
        let world = try await World.ready()
        let heads = [
            ConflictBatch.HeadDescription(value: .text("shown"), user: "mia", milliseconds: 2_000),
            ConflictBatch.HeadDescription(value: .text("other"), user: "anna", milliseconds: 1_000),
        ]
        world.organisation.state.withLock { state in
            state.position = 2
            state.differences[1] = [
                .mask(Sample.mask), .places(Sample.places),
                .rows(
                    RowBatch(
                        table: "company", mask: 1, isComplete: false, fields: ["notes"], ids: [Sample.id(2)], roots: [],
                        positions: [Position(2)], columns: [[.text("shown")]])),
                .conflicts(
                    ConflictBatch(
                        table: "company", field: "notes", rule: "lww",
                        entries: [ConflictBatch.Entry(id: Sample.id(2), heads: heads)])),
            ]
        }
        let report = try await world.replica.sync()
        #expect(report.conflicts == 1 && report.pulled == 1)
        let conflict = try #require(try await world.replica.conflicts().first)
        #expect(conflict.kept == Conflict.Head(value: .text("shown"), user: "mia", milliseconds: 2_000))
        #expect(conflict.lost == [Conflict.Head(value: .text("other"), user: "anna", milliseconds: 1_000)])
        #expect(conflict.rule == "lww" && conflict.field == "notes")

        #expect(await code { try await world.replica.keep("company", Sample.id(2), "name") } == .notFound)
        #expect(await code { try await world.replica.keep("company", Sample.id(2), "nme") } == .unknownField)
        try await world.replica.keep("company", Sample.id(2), "notes")
        #expect(try await world.replica.conflicts().isEmpty)
        _ = try await world.replica.sync()
        let sent = try #require(world.organisation.state.withLock { $0.transactions }.last?.changes.first)
        #expect(sent.cells.map(\.value) == [.text("shown")] && sent.seen == Position(2))
    }

    @Test func verifyFindsAndMends() async throws {
        let world = try await World.ready()
        #expect(try await world.replica.verify() == VerifyReport(position: Position(1), differences: []))
        // A pending edit is no difference.
        try await world.replica.set("company", Sample.id(3), ["notes": .text("pending")])
        #expect(try await world.replica.verify().isOK)
        world.organisation.state.withLock { $0.rows = [Sample.rows(1...2, name: { "Other \($0)" }), Sample.rows([4])] }
        let found = try await world.replica.verify()
        #expect(!found.isOK)
        #expect(
            Set(found.differences.map { "\($0.id) \($0.field ?? "row")" }) == [
                "\(Sample.id(1)) name", "\(Sample.id(2)) name", "\(Sample.id(3)) row", "\(Sample.id(4)) row",
            ])
        #expect(try await world.replica.row("company", Sample.id(1))?["name"] == .value(.text("Other 1")))
        #expect(try await world.replica.verify().isOK)
    }

    /// What someone writes while the comparison is under way is not found wrong here.
    @Test func verifyComparesAtOnePosition() async throws {
        let world = try await World.ready()
        world.organisation.state.withLock { $0.writtenBeforeFullPull = [Sample.rows(1...3, name: { "Renamed \($0)" })] }
        #expect(try await world.replica.verify() == VerifyReport(position: Position(2), differences: []))
        #expect(try await world.replica.row("company", Sample.id(1))?["name"] == .value(.text("Renamed 1")))
    }

    /// Another program syncs the same file between this one's request and its answer.
    @Test func aRunThatWasOvertakenIsAskedForAgain() async throws {
        let world = try await World.ready()
        let other = try await world.another()
        world.organisation.state.withLock { $0.position = 5 }
        async let one = world.replica.sync()
        async let two = other.sync()
        let reports = try await [one, two]
        #expect(reports.allSatisfy { $0.position == Position(5) })
        #expect(try await world.replica.status().position == Position(5))
    }

    @Test func whatIsTooLargeForMemoryIsAppliedAllTheSame() async throws {
        let world = try await World { $0.pullMemoryBytes = 1_000 }
        world.organisation.state.withLock { state in
            state.rows = (0..<10).map { batch in Sample.rows((batch * 100)..<(batch * 100 + 100)) }
        }
        #expect(try await world.replica.sync().pulled == 1_000)
        let count = try await world.replica.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM company") }
        #expect(count == 1_000)
        #expect(world.folder.names.allSatisfy { !$0.contains("pull") })
    }

    private final class Told: Sendable {
        private let list = Mutex<[SyncProgress]>([])
        func add(_ progress: SyncProgress) { list.withLock { $0.append(progress) } }
        var all: [SyncProgress] { list.withLock { $0 } }
    }
}
