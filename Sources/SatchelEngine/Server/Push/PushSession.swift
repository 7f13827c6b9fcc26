import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One push request on the server: who sends, what they have proven, and whether their chain is the one we know.
public struct PushSession: Sendable {
    private let replica: ReplicaID
    private let authority: IngestItem.Authority
    private let receivedMilliseconds: UInt64
    private let sealer: CursorSealer?
    private var pushed: ClockReading
    private var proven = Position.zero
    private var epoch = Epoch(0)
    /// The running hash after the last transaction received, from the base that the client stated.
    private var chain: [UInt8]

    /// - Parameters:
    ///   - user: from the authenticated session, never from the payload.
    ///   - receivedMilliseconds: the server's wall clock, milliseconds since 1970.
    public init(replica: ReplicaID, user: String, receivedMilliseconds: UInt64, sealer: CursorSealer) {
        self.replica = replica
        authority = .user(user)
        self.receivedMilliseconds = receivedMilliseconds
        self.sealer = sealer
        chain = RunningHash.start
        pushed = ClockReading(wallMilliseconds: receivedMilliseconds, boot: [], uptimeMilliseconds: 0)
    }

    private init(
        trusted replica: ReplicaID, user: String, receivedMilliseconds: UInt64, head: LogHead, applied: AppliedMark
    ) {
        self.replica = replica
        authority = .trusted(user)
        self.receivedMilliseconds = receivedMilliseconds
        sealer = nil
        chain = applied.runningHash
        pushed = ClockReading(wallMilliseconds: receivedMilliseconds, boot: [], uptimeMilliseconds: 0)
        proven = head.position
        epoch = head.epoch
    }

    /// A server-side writer (import): it stands at the log's head, holds every right and makes ids of its own.
    public static func trusted(
        replica: ReplicaID, user: String, receivedMilliseconds: UInt64, head: LogHead, applied: AppliedMark
    ) -> PushSession {
        PushSession(trusted: replica, user: user, receivedMilliseconds: receivedMilliseconds, head: head, applied: applied)
    }

    /// Judges the opening frame.
    /// - Returns: why the request goes no further; nil to go on.
    public mutating func open(_ open: PushOpen, reader: any ServerReader) throws -> Failure? {
        pushed = open.clock
        if let failure = try CommitmentCheck.check(
            open.commitment, wireVersion: open.wireVersion, replica: replica, user: user, sealer: sealer, reader: reader)
        {
            return failure
        }
        if let cursor = open.commitment.cursor {
            // In the cursor's own epoch, whose seal it bears: what counts of it here is cut at the fork when it is merged.
            proven = cursor.position
            epoch = cursor.epoch
        }
        let applied = try reader.applied(replica)
        if open.baseCounter > applied.counter {
            return Failure(
                code: .counterGap,
                message: "Transaction \(applied.counter + 1) is the next; these begin after \(open.baseCounter).",
                action: .resumeFrom(counter: applied.counter + 1))
        }
        if try reader.chainHash(replica, at: open.baseCounter) != open.baseHash { return CommitmentCheck.diverged }
        chain = open.baseHash
        return nil
    }

    /// - Parameter sealed: the next transaction of the request.
    public mutating func receive(_ sealed: SealedTransaction, coding: any TransactionCoding) -> IngestItem {
        let isTooLarge = sealed.payload.count > Limits.transactionBytes
        let item = IngestItem(
            replica: replica, authority: authority, sealed: sealed, after: chain,
            // What cannot be decoded becomes a void record; the reason is not told to the log.
            decoded: isTooLarge ? nil : try? coding.decode(sealed.payload),
            pushed: pushed, receivedMilliseconds: receivedMilliseconds, proven: proven, epoch: epoch)
        chain = item.runningHash
        return item
    }

    private var user: String {
        switch authority {
        case .user(let user), .trusted(let user): user
        }
    }
}
