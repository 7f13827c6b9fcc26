import SatchelProtocol

/// What one sync does about what went wrong: obey the server where it asks for something, begin again where a connection
/// broke, give up where that cannot help. Decides only; the caller waits and acts.
struct SyncPersistence {
    enum Step: Equatable {
        case again(after: Duration)
        /// Begin again, pulling the whole of what the user may see.
        case pull(PullExtent)
    }

    private var attemptsLeft: Int
    private var patienceLeft: Duration
    /// A whole pull is asked for once: a server, or a file, that still is not content then will not be.
    private var wholePullsLeft = 1
    /// Another program may have pushed from the same file between our reading it and the server's; one that was copied is
    /// still another after we have looked again.
    private var secondLooksLeft = 2

    init(attempts: Int, patience: Duration) {
        attemptsLeft = attempts
        patienceLeft = patience
    }

    /// - Parameters:
    ///   - error: what ended the last attempt.
    ///   - jitter: 0 to 1; spreads devices that were all told the same.
    /// - Throws: what to tell the user, when another attempt cannot help or has been made often enough.
    mutating func step(after error: any Error, jitter: Double) throws -> Step {
        switch error {
        case let failure as Failure:
            return try step(after: failure, jitter: jitter)
        case let error as SatchelError where error.code == .streamTruncated:
            guard spend() else { throw error }
            return .again(after: .milliseconds(50 + Int(200 * jitter)))
        case let error as SatchelError where error.code == .fileDamaged:
            // Rows that should be here are not: some program removed them behind the triggers' back.
            guard wholePullsLeft > 0 else { throw error }
            wholePullsLeft -= 1
            return .pull(.full)
        case let error as SatchelError where error.code == .replicaDiverged:
            return try lookAgain(jitter, orThrow: error)
        case is StaleRun:
            guard spend() else {
                throw SatchelError(
                    .fileBusy, "Another program keeps syncing this file.", remedy: "Sync again when it has finished.")
            }
            return .again(after: .milliseconds(Int(50 * jitter)))
        default:
            throw error
        }
    }

    private mutating func step(after failure: Failure, jitter: Double) throws -> Step {
        switch failure.action {
        case .retryAfter(let seconds):
            let wait = Duration.seconds(Double(max(seconds, 0)) * (1 + jitter / 4) + jitter / 10)
            guard wait <= patienceLeft, spend() else { throw failure.satchelError }
            patienceLeft -= wait
            return .again(after: wait)
        case .resumeFrom:
            guard spend() else { throw failure.satchelError }
            return .again(after: .zero)
        case .pullAnew:
            guard wholePullsLeft > 0 else { throw failure.satchelError }
            wholePullsLeft -= 1
            return .pull(.anew)
        case .enrol where failure.code == .replicaDiverged:
            return try lookAgain(jitter, orThrow: failure.satchelError)
        case .authenticate, .enrol, .upgradeClient, .giveUp:
            throw failure.satchelError
        }
    }

    private mutating func lookAgain(_ jitter: Double, orThrow error: SatchelError) throws -> Step {
        guard secondLooksLeft > 0, spend() else { throw error }
        secondLooksLeft -= 1
        return .again(after: .milliseconds(Int(100 * jitter)))
    }

    private mutating func spend() -> Bool {
        attemptsLeft -= 1
        return attemptsLeft > 0
    }
}

extension Failure {
    /// The server's failure as an error for the user: what it asks the client to do, said to a person.
    var satchelError: SatchelError { SatchelError(known, message, remedy: remedy) }

    /// A code that this program does not know, or that speaks of the server's own machine, goes by what it asks for.
    private var known: ErrorCode {
        switch action {
        case .retryAfter where ![.shuttingDown, .streamTruncated, .malformed, .internalError].contains(code): .busy
        case .enrol where ![.replicaRevoked, .replicaDiverged, .proofInvalid].contains(code): .replicaRevoked
        case .upgradeClient: .upgradeClient
        default: code
        }
    }

    private var remedy: String {
        switch action {
        case .retryAfter(let seconds): "Sync again in \(max(seconds, 1)) s; what is pending is kept here."
        case .resumeFrom, .pullAnew: "Sync again; what is pending is kept here."
        case .authenticate: "Sync again; if it stays so, enrol this file again with a new code: its pending work stays."
        case .enrol: "Ask the admin for a new code and enrol this file again; its pending work stays."
        case .upgradeClient: "Install a newer version of this program; what is pending is kept here."
        case .giveUp: "Show this message to the admin; what is pending is kept here."
        }
    }
}

/// Another program applied something to the same file while this one was receiving. The run that came starts from a place
/// where the file no longer is: it is thrown away and asked for again from there.
struct StaleRun: Error {}
