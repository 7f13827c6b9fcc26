import SatchelCore

/// The server's answer for one transaction. What is not named in `exceptions` was accepted as written.
public struct TransactionVerdict: Sendable, Hashable {
    public var counter: UInt64
    public var position: Position
    /// The payload could not be decoded; its bytes are kept, its counter is consumed, nothing of it took effect.
    public var isVoid: Bool
    public var exceptions: [VerdictException]

    public init(counter: UInt64, position: Position, isVoid: Bool = false, exceptions: [VerdictException]) {
        self.counter = counter
        self.position = position
        self.isVoid = isVoid
        self.exceptions = exceptions
    }

    /// Puts the exceptions into the one order that depends on nothing but what they are: by table, row and field, whole rows
    /// first. Decoded verdicts are in it; whoever hashes or compares verdicts puts them into it first.
    public mutating func sortExceptions() { exceptions.sort(by: VerdictException.isBefore) }
}

/// The answer for one cell, or for a whole row where `field` is nil, that was not simply accepted.
public struct VerdictException: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// Combined with concurrent writes.
        case merged
        /// A concurrent or later write is shown; this one is kept and can be listed.
        case superseded
        /// Not permitted or not possible; kept whole in escrow under this id.
        case refused(RefusalID)
    }

    public var table: String
    public var id: RowID
    public var field: String?
    public var outcome: Outcome
    public var code: ErrorCode
    /// The reason in words. Says nothing of what the writer may not see.
    public var reason: String

    public init(table: String, id: RowID, field: String?, outcome: Outcome, code: ErrorCode, reason: String) {
        self.table = table
        self.id = id
        self.field = field
        self.outcome = outcome
        self.code = code
        self.reason = reason
    }

    public var refusal: RefusalID? {
        if case .refused(let id) = outcome { return id }
        return nil
    }

    fileprivate static func isBefore(_ left: VerdictException, _ right: VerdictException) -> Bool {
        func differ(_ left: String, _ right: String) -> Bool { !left.utf8.elementsEqual(right.utf8) }
        func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
        if differ(left.table, right.table) { return precedes(left.table, right.table) }
        if left.id != right.id { return left.id < right.id }
        if differ(left.field ?? "", right.field ?? "") { return precedes(left.field ?? "", right.field ?? "") }
        // A cell is answered once; these make the order total all the same.
        if left.outcome != right.outcome { return left.rank < right.rank }
        if differ(left.code.rawValue, right.code.rawValue) { return precedes(left.code.rawValue, right.code.rawValue) }
        return precedes(left.reason, right.reason)
    }

    private var rank: (Int, Dot, Int) {
        let none = Dot(replica: ReplicaID(0), counter: 0)
        switch outcome {
        case .merged: return (1, none, 0)
        case .superseded: return (2, none, 0)
        case .refused(let refusal): return (3, refusal.dot, refusal.number)
        }
    }
}
