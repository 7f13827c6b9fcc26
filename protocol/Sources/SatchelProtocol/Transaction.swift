import SatchelCore

/// What one local commit changed: the unit of atomicity, of causality and of idempotence.
public struct Transaction: Sendable, Hashable {
    public var counter: UInt64
    /// The epoch that every `seen` in it speaks of.
    public var epoch: Epoch
    public var clock: ClockReading
    /// Lands whole or not at all.
    public var isAtomic: Bool
    /// At most one a row.
    public var changes: [Change]
    /// What became of earlier refusals, by their author's own decision.
    public var resolutions: [Resolution]

    public init(
        counter: UInt64, epoch: Epoch, clock: ClockReading, isAtomic: Bool = false, changes: [Change],
        resolutions: [Resolution] = []
    ) {
        self.counter = counter
        self.epoch = epoch
        self.clock = clock
        self.isAtomic = isAtomic
        self.changes = changes
        self.resolutions = resolutions
    }
}

/// A device's clocks at one moment. Uptime runs on when someone sets the wall clock, so that the two together tell how long
/// ago something was written.
public struct ClockReading: Sendable, Hashable {
    /// Milliseconds since 1970 by the device's wall clock.
    public var wallMilliseconds: UInt64
    /// Names one run of the device's kernel: 16 bytes, or empty where unknown.
    public var boot: [UInt8]
    /// Milliseconds since that boot, sleep included.
    public var uptimeMilliseconds: UInt64

    public init(wallMilliseconds: UInt64, boot: [UInt8], uptimeMilliseconds: UInt64) {
        self.wallMilliseconds = wallMilliseconds
        self.boot = boot
        self.uptimeMilliseconds = uptimeMilliseconds
    }
}

public enum Operation: Int, Sendable, Hashable, CaseIterable {
    case insert = 1
    case update = 2
    case delete = 3
}

/// What a transaction did to one row.
public struct Change: Sendable, Hashable {
    public var table: String
    public var id: RowID
    public var operation: Operation
    /// The checkpoint that the writer had seen of this row (DESIGN §4).
    public var seen: Position
    /// Empty for a delete.
    public var cells: [CellWrite]

    public init(table: String, id: RowID, operation: Operation, seen: Position, cells: [CellWrite]) {
        self.table = table
        self.id = id
        self.operation = operation
        self.seen = seen
        self.cells = cells
    }
}

public struct CellWrite: Sendable, Hashable {
    public var field: String
    public var value: Value
    /// Where it differs from the row's: an own unacknowledged change hid what came since, or the writer could not read
    /// the cell (zero).
    public var seen: Position?

    public init(field: String, value: Value, seen: Position? = nil) {
        self.field = field
        self.value = value
        self.seen = seen
    }
}

/// A transaction as it travels and as the log keeps it: the counter outside, so that an undecodable payload still consumes
/// it. The running hash is over these payload bytes exactly.
public struct SealedTransaction: Sendable, Hashable {
    public var counter: UInt64
    public var payload: [UInt8]

    public init(counter: UInt64, payload: [UInt8]) {
        self.counter = counter
        self.payload = payload
    }
}

/// Names one refused change for ever: the transaction and its place among that transaction's refusals, from 1.
public struct RefusalID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let dot: Dot
    public let number: Int

    public init(dot: Dot, number: Int) {
        self.dot = dot
        self.number = number
    }

    /// `REPLICA-COUNTER-NUMBER`.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let replica = ReplicaID(parts[0]), let counter = UInt64(parts[1]), let number = Int(parts[2]),
            number > 0
        else { return nil }
        self.init(dot: Dot(replica: replica, counter: counter), number: number)
    }

    public static func < (left: RefusalID, right: RefusalID) -> Bool { (left.dot, left.number) < (right.dot, right.number) }
    public var description: String { "\(dot.replica)-\(dot.counter)-\(number)" }
}

/// A refusal's author gives up a refused change, or writes it anew. Its payload stays in the log either way.
public struct Resolution: Sendable, Hashable {
    public enum Action: Int, Sendable, Hashable, CaseIterable {
        case discarded = 1
        case retried = 2
    }

    public var refusal: RefusalID
    public var action: Action

    public init(refusal: RefusalID, action: Action) {
        self.refusal = refusal
        self.action = action
    }
}
