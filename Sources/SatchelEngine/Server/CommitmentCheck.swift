import SatchelCore
import SatchelProtocol

/// What both directions check before the server takes or tells anything: version, cursor, and that the replica's own chain
/// of transactions is the one that the server knows (DESIGN §4, "Clones and roll-backs show at first contact").
enum CommitmentCheck {
    static let diverged = Failure(
        code: .replicaDiverged,
        message: "This file's own history is not the one that the server has: it was copied, or restored from an older copy.",
        action: .enrol)

    static func check(
        _ commitment: Commitment, wireVersion: Int, replica: ReplicaID, user: String, sealer: CursorSealer?,
        reader: any ServerReader
    ) throws -> Failure? {
        if wireVersion > Limits.wireVersion {
            return Failure(
                code: .upgradeServer, message: "The client speaks version \(wireVersion), this server \(Limits.wireVersion).",
                action: .giveUp)
        }
        if wireVersion < 1 {
            return Failure(code: .upgradeClient, message: "There is no version \(wireVersion).", action: .upgradeClient)
        }
        if commitment.confirmedThrough > commitment.lastCounter {
            return Failure(
                code: .malformed, message: "Nobody can have verdicts of transactions that were never written.", action: .giveUp)
        }
        if let cursor = commitment.cursor, let sealer {
            guard sealer.verify(cursor, user: user) else {
                return Failure(code: .foreignCursor, message: "This server never sent that cursor to you.", action: .pullAnew)
            }
            guard try reader.fork(of: cursor.epoch) != nil else {
                return Failure(code: .epochUnknown, message: "The cursor is from another life of the log.", action: .pullAnew)
            }
        }
        let applied = try reader.applied(replica)
        if commitment.lastCounter < applied.counter { return diverged }
        if commitment.lastCounter == applied.counter, commitment.runningHash != applied.runningHash { return diverged }
        return nil
    }
}
