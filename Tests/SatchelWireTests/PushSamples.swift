import SatchelCore
import SatchelProtocol

/// Random messages of the way up.
extension SeededGenerator {
    mutating func hash() -> [UInt8] { bytes(Limits.hashBytes) }

    mutating func clock() -> ClockReading {
        ClockReading(wallMilliseconds: number(), boot: chance(3) ? [] : bytes(16), uptimeMilliseconds: number())
    }

    mutating func cursor() -> Cursor {
        Cursor(epoch: Epoch(next()), position: Position(number()), seal: bytes(Limits.sealBytes))
    }

    mutating func commitment() -> Commitment {
        Commitment(
            cursor: chance(3) ? nil : cursor(), lastCounter: number(), runningHash: hash(), confirmedThrough: number())
    }

    mutating func refusal() -> RefusalID {
        RefusalID(dot: Dot(replica: ReplicaID(next()), counter: number()), number: 1 + below(chance(2) ? 5 : 100_000))
    }

    mutating func transaction() -> Transaction {
        let seen = Position(number())
        var changes: [Change] = []
        for table in names(below(4)) {
            let lists = (0..<1 + below(3)).map { _ in names(below(5)) }
            for id in ids(below(12)) {
                let operation = Operation.allCases[below(3)]
                let fields = operation == .delete ? [] : lists[below(lists.count)]
                changes.append(
                    Change(
                        table: table, id: id, operation: operation, seen: chance(4) ? Position(number()) : seen,
                        cells: fields.map {
                            CellWrite(field: $0, value: value(), seen: chance(5) ? Position(number()) : nil)
                        }))
            }
        }
        return Transaction(
            counter: number(), epoch: Epoch(next()), clock: clock(), isAtomic: chance(2),
            changes: changes.shuffled(using: &self),
            resolutions: (0..<below(4)).map { _ in
                Resolution(refusal: refusal(), action: chance(2) ? .discarded : .retried)
            })
    }

    mutating func verdict() -> TransactionVerdict {
        let counter = number()
        let dot = Dot(replica: ReplicaID(next()), counter: chance(5) ? number() : counter)
        let codes: [ErrorCode] = [.fieldNotWritable, .concurrentWrite, .noLongerInScope, ErrorCode(rawValue: "of-tomorrow")]
        var exceptions: [VerdictException] = []
        for table in names(below(3)) {
            let fields = names(3)
            for id in ids(below(8)) {
                let isWhole = chance(4)
                for field in fields where isWhole ? field == fields[0] : chance(2) {
                    let outcomes: [VerdictException.Outcome] = [
                        .merged, .superseded, .refused(RefusalID(dot: dot, number: exceptions.count + 1)),
                    ]
                    exceptions.append(
                        VerdictException(
                            table: table, id: id, field: isWhole ? nil : field, outcome: outcomes[below(3)],
                            code: codes[below(codes.count)], reason: chance(2) ? "" : text()))
                }
            }
        }
        return TransactionVerdict(
            counter: counter, position: Position(number()), isVoid: chance(4), exceptions: exceptions.shuffled(using: &self))
    }

    mutating func pushFrame() -> PushFrame {
        chance(2)
            ? .transaction(SealedTransaction(counter: number(), payload: bytes(below(60))))
            : .open(
                PushOpen(
                    wireVersion: below(5), commitment: commitment(), baseCounter: number(), baseHash: hash(), clock: clock()))
    }

    mutating func pushReply() -> PushReply {
        chance(4)
            ? .failed(failure())
            : .acknowledged(
                PushAcknowledgement(
                    appliedThrough: number(), runningHash: hash(), verdicts: (0..<below(4)).map { _ in verdict() }))
    }

    mutating func failure() -> Failure {
        let actions: [Failure.Action] = [
            .retryAfter(seconds: below(1000)), .resumeFrom(counter: number()), .pullAnew, .authenticate, .enrol, .upgradeClient,
            .giveUp,
        ]
        return Failure(
            code: ErrorCode.all[below(ErrorCode.all.count)], message: text(), action: actions[below(actions.count)])
    }
}
