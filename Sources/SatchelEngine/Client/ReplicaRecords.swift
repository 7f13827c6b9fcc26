import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What a replica knows of itself and of how far it has come.
public struct ReplicaState: Sendable, Hashable {
    /// Nil before enrolment.
    public var replica: ReplicaID?
    public var user: String?
    public var organisation: String?
    public var server: String?
    /// The last applied checkpoint; nil before the first.
    public var cursor: Cursor?
    /// The last counter given to a transaction, and the running hash there.
    public var lastCounter: UInt64
    public var lastHash: [UInt8]
    /// The last counter that the server has acknowledged in a checkpoint, and the running hash there.
    public var appliedThrough: UInt64
    public var appliedHash: [UInt8]
    /// Verdicts up to here are kept.
    public var confirmedThrough: UInt64
    /// Wall clock at the last completed sync, milliseconds since 1970.
    public var lastSyncMilliseconds: UInt64?

    public init() {
        lastCounter = 0
        lastHash = RunningHash.start
        appliedThrough = 0
        appliedHash = RunningHash.start
        confirmedThrough = 0
    }

    public var position: Position { cursor?.position ?? .zero }
}

/// A local commit on its way to the server.
public struct PendingTransaction: Sendable, Hashable {
    public var sealed: SealedTransaction
    /// The running hash after it.
    public var runningHash: [UInt8]

    public init(sealed: SealedTransaction, runningHash: [UInt8]) {
        self.sealed = sealed
        self.runningHash = runningHash
    }
}

/// The net effect on one row of everything written since the log was last closed.
public struct OpenChange: Sendable, Hashable {
    public struct Cell: Sendable, Hashable {
        public var field: Int
        public var before: Value
        public var after: Value

        public init(field: Int, before: Value, after: Value) {
            self.field = field
            self.before = before
            self.after = after
        }
    }

    public var key: RowKey
    public var operation: Operation
    /// An insert: every field that is not NULL, `before` null. An update: every field that a statement changed, even back to
    /// where it was. A delete: every field that the row held, `after` null.
    public var cells: [Cell]

    public init(key: RowKey, operation: Operation, cells: [Cell]) {
        self.key = key
        self.operation = operation
        self.cells = cells
    }
}

/// What lies under the pending edits of one row: the server's last word on it. Shown = base ⊕ own operations.
public struct Shadow: Sendable, Hashable {
    public struct Cell: Sendable, Hashable {
        /// The server's value.
        public var base: Value
        /// The newest own transaction that wrote the cell; zero for a cell that is only saved because the row is deleted here.
        public var counter: UInt64
        /// What that chain of own edits had seen of the cell.
        public var seen: Position

        public init(base: Value, counter: UInt64, seen: Position) {
            self.base = base
            self.counter = counter
            self.seen = seen
        }
    }

    /// Whether the server has the row, as far as was heard.
    public var baseExists: Bool
    /// The newest own insert or delete; zero for none.
    public var existenceCounter: UInt64
    public var isDeletedHere: Bool
    public var cells: [Int: Cell]

    public init(baseExists: Bool, existenceCounter: UInt64 = 0, isDeletedHere: Bool = false, cells: [Int: Cell] = [:]) {
        self.baseExists = baseExists
        self.existenceCounter = existenceCounter
        self.isDeletedHere = isDeletedHere
        self.cells = cells
    }
}

/// Rows as they come from the server, names resolved to the replica's own indexes and mask numbers.
public struct IncomingRows: Sendable, Hashable {
    public var table: Int
    /// The replica's own mask number (`ReplicaStore.maskNumber`).
    public var mask: Int
    public var isComplete: Bool
    public var fields: [Int]
    public var ids: [RowID]
    /// Empty unless complete.
    public var roots: [[UInt64]]
    public var columns: [[Value]]

    public init(table: Int, mask: Int, isComplete: Bool, fields: [Int], ids: [RowID], roots: [[UInt64]], columns: [[Value]]) {
        self.table = table
        self.mask = mask
        self.isComplete = isComplete
        self.fields = fields
        self.ids = ids
        self.roots = roots
        self.columns = columns
    }
}

/// A refusal as the replica keeps it for its user.
public struct LocalRefusal: Sendable, Hashable {
    public var id: RefusalID
    public var table: String
    public var row: RowID
    public var operation: Operation
    /// Nil for a whole row.
    public var field: String?
    /// What was to be written: the field's value; for a whole row, the cells.
    public var cells: [CellWrite]
    public var code: ErrorCode
    public var reason: String
    /// When the change was written, milliseconds since 1970 by this device.
    public var writtenMilliseconds: UInt64

    public init(
        id: RefusalID, table: String, row: RowID, operation: Operation, field: String?, cells: [CellWrite], code: ErrorCode,
        reason: String, writtenMilliseconds: UInt64
    ) {
        self.id = id
        self.table = table
        self.row = row
        self.operation = operation
        self.field = field
        self.cells = cells
        self.code = code
        self.reason = reason
        self.writtenMilliseconds = writtenMilliseconds
    }
}

/// An own write that a delete overtook: the row was deleted, or made anew, by someone whose change the writer had not seen.
/// The server keeps it in its log; the replica lists it until its user accepts the deletion.
public struct OvertakenWrite: Sendable, Hashable {
    /// The own transaction that wrote it.
    public var transaction: Dot
    public var table: String
    public var row: RowID
    public var operation: Operation
    /// Nil for a whole row: a delete, or a new row without values.
    public var field: String?
    /// NULL for a whole row.
    public var value: Value
    public var code: ErrorCode
    public var reason: String
    /// When it was written, milliseconds since 1970 by this device.
    public var writtenMilliseconds: UInt64

    public init(
        transaction: Dot, table: String, row: RowID, operation: Operation, field: String?, value: Value, code: ErrorCode,
        reason: String, writtenMilliseconds: UInt64
    ) {
        self.transaction = transaction
        self.table = table
        self.row = row
        self.operation = operation
        self.field = field
        self.value = value
        self.code = code
        self.reason = reason
        self.writtenMilliseconds = writtenMilliseconds
    }
}

/// A cell with more than one head.
public struct LocalConflict: Sendable, Hashable {
    public var rule: String
    /// The shown one first.
    public var heads: [ConflictBatch.HeadDescription]

    public init(rule: String, heads: [ConflictBatch.HeadDescription]) {
        self.rule = rule
        self.heads = heads
    }
}
