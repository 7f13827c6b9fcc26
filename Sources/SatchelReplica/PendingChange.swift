import SatchelCore
import SatchelProtocol

/// One row's change in a transaction that the server has not acknowledged.
public struct PendingChange: Sendable, Hashable {
    public var transaction: Dot
    public var table: String
    public var id: RowID
    public var operation: Operation
    /// The names of the fields written; empty for a delete.
    public var fields: [String]

    public init(transaction: Dot, table: String, id: RowID, operation: Operation, fields: [String]) {
        self.transaction = transaction
        self.table = table
        self.id = id
        self.operation = operation
        self.fields = fields
    }
}

/// A change that the server refused: it is kept whole here and on the server until it is retried or discarded.
public struct Refusal: Sendable, Hashable, Identifiable {
    public var id: RefusalID
    public var table: String
    public var row: RowID
    public var operation: Operation
    /// Nil for a whole row.
    public var field: String?
    /// What was to be written: one cell, or for a whole row each of them.
    public var cells: [CellWrite]
    public var code: ErrorCode
    /// The server's words.
    public var reason: String
    /// When the change was written, by this device's clock; milliseconds since 1970.
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
