import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One transaction at the door: is it next, whose past does it claim, and what comes of it.
extension IngestState {
    mutating func admit(_ item: IngestItem) -> IngestOutcome {
        if let failure = stopped[item.replica] { return .failed(failure) }
        let outcome = admitNext(item)
        if case .failed(let failure) = outcome { stopped[item.replica] = failure }
        return outcome
    }

    private mutating func admitNext(_ item: IngestItem) -> IngestOutcome {
        let mark = applied[item.replica] ?? .none
        let counter = item.sealed.counter
        if counter == 0 {
            return .failed(Failure(code: .malformed, message: "Counters begin at 1.", action: .giveUp))
        }
        let dot = Dot(replica: item.replica, counter: counter)
        if counter <= mark.counter {
            // The same dot with other content proves a second writer: it is told so before anything more is taken.
            guard let original = originals[dot], original.runningHash == item.runningHash else {
                return .failed(CommitmentCheck.diverged)
            }
            return .repeated(original.verdict)
        }
        guard counter == mark.counter + 1 else {
            return .failed(
                Failure(
                    code: .counterGap, message: "Transaction \(counter) came while \(mark.counter + 1) is the next.",
                    action: .resumeFrom(counter: mark.counter + 1)))
        }
        guard RunningHash.next(mark.runningHash, item.sealed) == item.runningHash else {
            return .failed(CommitmentCheck.diverged)
        }
        if let twin = twins[dot] { return .repeated(inherit(twin, item)) }
        let position = head.position.next
        let time = admissionTime(of: item, mark: mark)
        var verdict = TransactionVerdict(counter: counter, position: position, exceptions: [])
        if let transaction = item.decoded, transaction.counter == counter {
            var judgement = Judgement(
                item: item, transaction: transaction, dot: dot, position: position, time: time, authorisation: access(of: item),
                bound: seenBound(of: item, transaction), kin: kin[item.replica] ?? [:])
            judgement.judge(self)
            verdict.exceptions = land(judgement)
            verdict.sortExceptions()
            resolve(transaction.resolutions, by: item.user)
        } else {
            verdict.isVoid = true
        }
        append(item, verdict: verdict, time: time)
        originals[dot] = OriginalAnswer(verdict: verdict, runningHash: item.runningHash)
        return .verdict(verdict)
    }

    /// The transaction is in the log already, under another identity of the file: it counts as this one's from now on, and
    /// nothing of it is applied again.
    private mutating func inherit(_ twin: Twin, _ item: IngestItem) -> TransactionVerdict {
        let mark = AppliedMark(counter: twin.dot.counter, runningHash: item.runningHash, time: twin.clock)
        applied[item.replica] = mark
        commit.applied[item.replica] = mark
        kin[item.replica, default: [:]].merge(twin.kin) { max($0, $1) }
        commit.kin[item.replica] = kin[item.replica]
        originals[Dot(replica: item.replica, counter: mark.counter)] = OriginalAnswer(
            verdict: twin.verdict, runningHash: item.runningHash)
        return twin.verdict
    }

    /// How far a transaction's `seen` may go: what its epoch shares with this log.
    private func seenBound(of item: IngestItem, _ transaction: Transaction) -> Position {
        min(forks[transaction.epoch] ?? .zero, head.position)
    }

    private func admissionTime(of item: IngestItem, mark: AppliedMark) -> HLC {
        guard let transaction = item.decoded else {
            return AdmissionClock.time(
                written: item.pushed, pushed: item.pushed, received: item.receivedMilliseconds, floor: mark.time,
                log: head.clock)
        }
        let seen = min(
            transaction.changes.reduce(Position.zero) { max($0, $1.seen) }, seenBound(of: item, transaction))
        let floor = max(mark.time, clocks[seen] ?? .zero)
        return AdmissionClock.time(
            written: transaction.clock, pushed: item.pushed, received: item.receivedMilliseconds, floor: floor, log: head.clock)
    }

    private mutating func resolve(_ resolutions: [Resolution], by user: String) {
        for resolution in resolutions {
            // Someone else's refusal and one that never was look the same: nothing happens.
            guard var record = refusals[resolution.refusal], record.user == user, record.state == .outstanding else { continue }
            record.state = resolution.action == .discarded ? .discarded : .retried
            refusals[resolution.refusal] = record
            commit.refusals.append(record)
        }
    }

    private mutating func append(_ item: IngestItem, verdict: TransactionVerdict, time: HLC) {
        head.position = verdict.position
        head.clock = max(head.clock, time)
        var entry = LogEntry(
            position: verdict.position, replica: item.replica, user: item.user,
            receivedMilliseconds: item.receivedMilliseconds, time: time, clock: head.clock,
            content: .transaction(item.sealed, verdict, runningHash: item.runningHash), hash: [])
        entry.hash = LogChain.hash(of: entry, after: head.hash)
        head.hash = entry.hash
        commit.entries.append(entry)
        let mark = AppliedMark(counter: verdict.counter, runningHash: item.runningHash, time: time)
        applied[item.replica] = mark
        commit.applied[item.replica] = mark
    }
}
