import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What a live pull waits for.
public struct Interest: Sendable, Hashable {
    public var scopes: Set<Scope>
    public var user: String
    public var replica: ReplicaID

    public init(scopes: Set<Scope>, user: String, replica: ReplicaID) {
        self.scopes = scopes
        self.user = user
        self.replica = replica
    }
}

/// One pull request on the server, over one pass or, live, many. In passes after the first nothing is sent when nothing
/// concerns this user.
public struct PullSession: Sendable {
    private let open: PullOpen
    private let replica: ReplicaID
    private let user: String
    private let sealer: CursorSealer
    private let cipher: RootCipher

    /// Where the client stands, and up to where it is known that nothing concerns it.
    private var told: Position = .zero
    private var examined: Position = .zero
    private var schemaVersion: Int?
    private var toldCounter: UInt64 = 0
    private var isFirst = true
    private var pass: Pass?
    public private(set) var interest: Interest

    private struct Pass {
        var walk: PullPass
        var head: LogHead
        var applied: AppliedMark
        var opening: [PullFrame]
        var hasSpoken: Bool
        var isOver = false
    }

    public init(open: PullOpen, replica: ReplicaID, user: String, sealer: CursorSealer, cipher: RootCipher) {
        self.open = open
        self.replica = replica
        self.user = user
        self.sealer = sealer
        self.cipher = cipher
        schemaVersion = open.isFull ? nil : open.schemaVersion
        interest = Interest(scopes: [], user: user, replica: replica)
    }

    /// Begins a pass up to the reader's head; at the first, judges the request.
    /// - Returns: why it goes no further; nil to go on.
    public mutating func begin(_ reader: any ServerReader) throws -> Failure? {
        let head = try reader.head()
        if isFirst, let failure = try start(reader, head) { return failure }
        let governance = try reader.governance(at: head.position)
        let now = Viewpoint(position: head.position, governance: governance, user: user)
        let then = try viewpointThen(now, reader)
        interest = Interest(scopes: Set(now.access.rolesByScope.keys), user: user, replica: replica)

        var opening: [PullFrame] = [
            .begin(PullBegin(from: then == nil ? .zero : told, to: head.position, expectedRows: 0))
        ]
        if schemaVersion != governance.schema.version {
            opening.append(.schema(governance.schema.description))
            schemaVersion = governance.schema.version
        }
        pass = Pass(
            walk: try PullPass(then: then, now: now, cipher: cipher, reader: reader), head: head,
            applied: try reader.applied(replica), opening: opening, hasSpoken: false)
        return nil
    }

    /// What the user could see where the client stands; nil when it is told everything.
    private func viewpointThen(_ now: Viewpoint, _ reader: any ServerReader) throws -> Viewpoint? {
        if examined == .zero { return nil }
        if try reader.governancePosition() <= examined { return now.moved(to: examined) }
        return Viewpoint(position: examined, governance: try reader.governance(at: examined), user: user)
    }

    private mutating func start(_ reader: any ServerReader, _ head: LogHead) throws -> Failure? {
        if let failure = try CommitmentCheck.check(
            open.commitment, wireVersion: open.wireVersion, replica: replica, user: user, sealer: sealer, reader: reader)
        {
            return failure
        }
        toldCounter = open.commitment.confirmedThrough
        guard let cursor = open.commitment.cursor, !open.isFull else { return nil }
        if cursor.epoch == head.epoch {
            guard cursor.position <= head.position else {
                return Failure(code: .foreignCursor, message: "The cursor lies beyond the log's end.", action: .pullAnew)
            }
            told = cursor.position
        } else if let fork = try reader.fork(of: cursor.epoch), cursor.position <= fork {
            told = cursor.position
        }
        // A cursor beyond the fork saw changes that are no more: everything is told anew, from zero.
        examined = told
        return nil
    }

    /// The next frames of the pass, of the same reader; empty when it is over.
    public mutating func next(_ reader: any ServerReader) throws -> [PullFrame] {
        guard var pass, !pass.isOver else {
            self.pass = nil
            return []
        }
        var frames: [PullFrame] = []
        while frames.isEmpty, !pass.isOver {
            if try pass.walk.step(reader) {
                frames = pass.walk.takeFrames()
            } else {
                pass.walk.finish()
                frames = pass.walk.takeFrames()
                frames += try close(&pass, hasContent: !frames.isEmpty, reader)
                pass.isOver = true
            }
        }
        if !frames.isEmpty, !pass.hasSpoken {
            frames = pass.opening + frames
            pass.hasSpoken = true
        }
        self.pass = pass
        return frames
    }

    private mutating func close(_ pass: inout Pass, hasContent: Bool, _ reader: any ServerReader) throws -> [PullFrame] {
        let isDue = isFirst || hasContent || pass.hasSpoken || pass.applied.counter > toldCounter
        examined = pass.head.position
        guard isDue else { return [] }
        var frames: [PullFrame] = []
        while toldCounter < pass.applied.counter {
            let last = min(pass.applied.counter, toldCounter + 500)
            let verdicts = try reader.answers(replica, counters: toldCounter + 1...last)
            if !verdicts.isEmpty { frames += verdicts.framed().map { .verdicts($0) } }
            toldCounter = last
        }
        frames.append(
            .checkpoint(
                Checkpoint(
                    cursor: sealer.seal(user: user, epoch: pass.head.epoch, position: pass.head.position),
                    appliedThrough: pass.applied.counter, runningHash: pass.applied.runningHash, backedUpThrough: 0)))
        told = pass.head.position
        isFirst = false
        return frames
    }
}
