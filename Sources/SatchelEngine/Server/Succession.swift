import SatchelCore
import SatchelProtocol

/// A file that takes a new identity goes on with its chain of transactions where its earlier identity was last confirmed
/// (DESIGN §4, "Clones and roll-backs"): counters and running hashes continue, so that what was not acknowledged is sent as it
/// stands, and what the server has already, under any identity of the file, is known again and not applied twice.
///
/// *Kin* are the identities with a common beginning: of each the last counter that is known to be in both chains. As equal
/// running hashes mean equal chains, everything up to there is one and the same history.
public enum Succession {
    /// Where a new replica's chain begins.
    public struct Beginning: Sendable, Hashable {
        /// The last counter before it, the running hash there, and the floor of its stamps.
        public var mark: AppliedMark
        public var kin: [ReplicaID: UInt64]

        public init(mark: AppliedMark, kin: [ReplicaID: UInt64]) {
            self.mark = mark
            self.kin = kin
        }
    }

    /// - Parameter previous: as the device states it. Its user was found to be the new identity's.
    /// - Returns: the beginning, without kin when the server does not know that chain: nothing then counts as the file's own
    ///   past, and the counters go on all the same.
    public static func beginning(after previous: Predecessor, _ reader: any ServerReader) throws -> Beginning {
        var mark = AppliedMark(counter: previous.confirmedThrough, runningHash: previous.runningHash, time: .zero)
        guard try reader.chainHash(previous.replica, at: mark.counter) == mark.runningHash else {
            return Beginning(mark: mark, kin: [:])
        }
        if mark.counter > 0, let last = try reader.answers(previous.replica, counters: mark.counter...mark.counter).first {
            mark.time = try reader.clock(at: last.position)
        }
        var kin = try reader.kin(of: previous.replica).mapValues { min($0, mark.counter) }
        kin[previous.replica] = mark.counter
        return Beginning(mark: mark, kin: kin)
    }
}

extension Succession {
    /// Writes where a new replica's chain begins, before it is told its id.
    /// - Throws: what the store throws.
    public static func begin(_ replica: ReplicaID, after previous: Predecessor, in writer: any ServerWriter) throws {
        var commit = Commit(head: try writer.head())
        commit.beginnings = [replica: try beginning(after: previous, writer)]
        try writer.write(commit)
    }
}

/// A transaction that is in the log already, under another identity of the same file.
struct Twin: Sendable {
    var dot: Dot
    var verdict: TransactionVerdict
    /// The log's clock at its position.
    var clock: HLC
    /// The holder itself, and its own kin.
    var kin: [ReplicaID: UInt64]
}

extension ServerReader {
    /// The running hash of a replica's chain after a counter, wherever that transaction is in the log.
    func chainHash(_ replica: ReplicaID, at counter: UInt64) throws -> [UInt8]? {
        if let own = try runningHash(replica, at: counter) { return own }
        for (other, through) in try kin(of: replica) where counter <= through {
            if let found = try runningHash(other, at: counter) { return found }
        }
        return nil
    }

    /// The original verdicts of transactions of a replica's chain, ascending, those under earlier identities included.
    func answers(_ replica: ReplicaID, counters: ClosedRange<UInt64>) throws -> [TransactionVerdict] {
        let own = try verdicts(replica, counters: counters)
        if let first = own.first, first.counter == counters.lowerBound { return own }
        var found = Dictionary(own.map { ($0.counter, $0) }) { first, _ in first }
        for (other, through) in try kin(of: replica) where counters.lowerBound <= through {
            let last = min(counters.upperBound, through)
            for verdict in try verdicts(other, counters: counters.lowerBound...last) where found[verdict.counter] == nil {
                found[verdict.counter] = verdict
            }
        }
        return found.values.sorted { $0.counter < $1.counter }
    }

    /// The same transaction under another identity of the file: kin with the same running hash at the same counter.
    func twin(of dot: Dot, runningHash: [UInt8]) throws -> Twin? {
        for other in try family(of: dot.replica) where try self.runningHash(other, at: dot.counter) == runningHash {
            guard let verdict = try verdicts(other, counters: dot.counter...dot.counter).first else { continue }
            var kin = try kin(of: other).mapValues { min($0, dot.counter) }
            kin[other] = dot.counter
            kin[dot.replica] = nil
            return Twin(
                dot: Dot(replica: other, counter: dot.counter), verdict: verdict, clock: try clock(at: verdict.position),
                kin: kin)
        }
        return nil
    }
}
