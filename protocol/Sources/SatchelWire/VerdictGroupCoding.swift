import SatchelCore
import SatchelProtocol

/// The exceptions of one verdict by table, and there by answer. The ids of a table's rows travel once however many fields of
/// a row are answered, so that the verdicts of the greatest transaction fit a frame.
enum VerdictGroups {
    /// In an order that depends on what the exceptions are and not on how they came.
    static func rows(of verdict: TransactionVerdict, at place: UInt32) throws(SatchelError)
        -> [Satchel_V1_VerdictRows]
    {
        var tables: [[UInt8]: [VerdictException]] = [:]
        for exception in verdict.exceptions {
            try Checks.name(exception.table)
            tables[Array(exception.table.utf8), default: []].append(exception)
        }
        var out: [Satchel_V1_VerdictRows] = []
        for (_, exceptions) in tables.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            out.append(try rows(exceptions, at: place))
        }
        return out
    }

    private static func rows(
        _ exceptions: [VerdictException], at place: UInt32
    ) throws(SatchelError) -> Satchel_V1_VerdictRows {
        let ids = Set(exceptions.map(\.id)).sorted()
        var places: [RowID: Int] = [:]
        for (place, id) in ids.enumerated() { places[id] = place }
        var groups: [[UInt8]: [(row: Int, exception: VerdictException)]] = [:]
        for exception in exceptions {
            if let field = exception.field { try Checks.name(field) }
            groups[key(exception), default: []].append((places[exception.id] ?? 0, exception))
        }

        var message = Satchel_V1_VerdictRows()
        message.verdict = place
        message.table = exceptions.first?.table ?? ""
        message.ids = RowIDCoding.encode(ids)
        for (_, members) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            message.groups.append(try Satchel_V1_VerdictGroup(members.sorted { $0.row < $1.row }))
        }
        return message
    }

    private static func key(_ exception: VerdictException) -> [UInt8] {
        var key = ByteWriter()
        if let field = exception.field { key.string(Array(field.utf8)) } else { key.byte(0) }
        switch exception.outcome {
        case .merged: key.byte(1)
        case .superseded: key.byte(2)
        case .refused(let refusal):
            key.byte(3)
            key.fixed64(refusal.dot.replica.number)
            key.fixed64(refusal.dot.counter)
        }
        key.string(Array(exception.code.rawValue.utf8))
        key.string(Array(exception.reason.utf8))
        return key.bytes
    }
}

extension Satchel_V1_VerdictGroup {
    /// - Parameter members: of one answer, by row; at least one.
    fileprivate init(_ members: [(row: Int, exception: VerdictException)]) throws(SatchelError) {
        self.init()
        guard let first = members.first?.exception else { return }
        if let field = first.field { self.field = field }
        code = first.code.rawValue
        reason = first.reason
        rows = Difference.encode(indexes: members.map(\.row))
        switch first.outcome {
        case .merged: outcome = .merged
        case .superseded: outcome = .superseded
        case .refused(let refusal):
            outcome = .refused
            refusalReplica = refusal.dot.replica.number
            refusalCounter = refusal.dot.counter
            var numbers: [UInt64] = []
            for member in members {
                let number = try Checks.unsigned(
                    member.exception.refusal?.number ?? 0, "The number of a refusal")
                guard number > 0 else { throw .malformed("Refusals are numbered from 1.") }
                numbers.append(UInt64(number))
            }
            refusalNumbers = Difference.encode(numbers)
        }
    }

    fileprivate func decoded(table: String, ids: [RowID]) throws(SatchelError) -> [VerdictException] {
        if hasField { try Checks.name(field) }
        let rows = try Difference.decode(indexes: rows, below: ids.count)
        var outcomes: [VerdictException.Outcome] = []
        switch outcome {
        case .merged: outcomes = Array(repeating: .merged, count: rows.count)
        case .superseded: outcomes = Array(repeating: .superseded, count: rows.count)
        case .refused:
            try Checks.equal(refusalNumbers.count, rows.count, "numbers of refusals")
            let dot = Dot(replica: ReplicaID(refusalReplica), counter: refusalCounter)
            for number in Difference.decode(refusalNumbers) {
                guard number > 0, let number = Int(exactly: number) else {
                    throw .malformed("Refusals are numbered from 1.")
                }
                outcomes.append(.refused(RefusalID(dot: dot, number: number)))
            }
        case .unspecified: throw .malformed("A verdict has no outcome.")
        case .UNRECOGNIZED:
            throw .upgradeClient("A verdict has an outcome that this version does not know.")
        }
        return zip(rows, outcomes).map { row, outcome in
            VerdictException(
                table: table, id: ids[row], field: hasField ? field : nil, outcome: outcome,
                code: ErrorCode(rawValue: code),
                reason: reason)
        }
    }
}

extension Satchel_V1_VerdictRows {
    func decoded() throws(SatchelError) -> [VerdictException] {
        try Checks.name(table)
        let ids = try RowIDCoding.decode(ids)
        var out: [VerdictException] = []
        for group in groups { out.append(contentsOf: try group.decoded(table: table, ids: ids)) }
        return out
    }
}
