import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// What the engine asks of a replica's store inside one write transaction: all of it lands or none. Writes to shown rows
/// through this seam are never logged as local changes. Memory in the simulator, SQLite in the product; both run
/// `Tests/StoreConformance`.
public protocol ReplicaStore: AnyObject {
    func state() throws -> ReplicaState
    func setState(_ state: ReplicaState) throws

    func schema() throws -> Schema?
    /// Makes or extends the tables. A schema only ever adds to the one before.
    func install(_ schema: Schema) throws

    // MARK: Local changes

    /// The net changes since the last call, which are no longer open afterwards. Rows whose net change is nothing are
    /// left out. At most `limit` rows; call again until it gives none.
    func takeOpenChanges(limit: Int) throws -> [OpenChange]
    func append(_ transaction: PendingTransaction) throws
    /// Ascending, above a counter, up to a number of transactions and of payload bytes (at least one if there is one).
    func transactions(after counter: UInt64, limit: Int, bytes: Int) throws -> [PendingTransaction]
    func transaction(_ counter: UInt64) throws -> PendingTransaction?
    func removeTransactions(through counter: UInt64) throws

    // MARK: Rows

    /// Whether any row of the table has pending edits: when none has, batches take the bulk path.
    func hasShadows(table: Int) throws -> Bool
    func shadowedRows() throws -> [RowKey]
    func shadow(_ key: RowKey) throws -> Shadow?
    /// Nil removes it.
    func setShadow(_ shadow: Shadow?, of key: RowKey) throws

    /// The values shown, one a field, hidden ones null; nil when the row is not there.
    func row(_ key: RowKey) throws -> [Value]?
    /// Sets some fields, of a row that may not be there yet.
    func setRow(_ key: RowKey, values: [Int: Value]) throws
    /// The shown row goes. Its mask and roots stay known when `keepPlacement`, for a delete that the server has yet to judge.
    func removeRow(_ key: RowKey, keepPlacement: Bool) throws
    /// The readable fields of a row; nil when the store has no placement for it (made here, not yet acknowledged).
    func readable(_ key: RowKey) throws -> FieldSet?
    /// All rows with a placement, for comparison with a full run.
    func placedRows(table: Int) throws -> [RowID]
    /// Mask and roots of rows that the slow path handles itself.
    func setPlacement(_ key: RowKey, mask: Int, roots: [UInt64]) throws
    /// The bulk path: rows without pending edits, shown and placed as they come. Complete rows blank whatever was there
    /// before; changes to a row that is not there throw `file-damaged`.
    func receive(_ rows: IncomingRows) throws
    /// Takes the roots from every row and gives those that are left without any.
    func detach(roots: [UInt64]) throws -> [RowKey]

    // MARK: What went past the log

    /// Whether rows may have been written that no trigger logged: another program took the triggers away for a while. A full
    /// run compares everything then.
    func mayHoldUnlogged() throws -> Bool
    func forgetUnlogged() throws
    /// Shown rows without a placement: made here and pending, or past the log.
    func unplacedRows(table: Int) throws -> [RowID]

    // MARK: Rights

    /// The replica's own number for a set of rights, by content.
    func maskNumber(_ definition: MaskDefinition) throws -> Int
    /// `masks`: from the numbers in `places` to the replica's own.
    func setPlaces(_ places: Places, masks: [UInt32: Int]) throws

    // MARK: What the user is told

    /// Nil removes it.
    func setConflict(_ conflict: LocalConflict?, key: RowKey, field: Int) throws
    func conflict(key: RowKey, field: Int) throws -> LocalConflict?
    /// Whether any cell of the table is in conflict: when none is, batches need not look.
    func hasConflicts(table: Int) throws -> Bool
    /// Forgets all conflicts of a row that left.
    func removeConflicts(of key: RowKey) throws
    /// Repeats are ignored.
    func addRefusal(_ refusal: LocalRefusal) throws
    func removeRefusal(_ id: RefusalID) throws
    /// Names a refusal that this device makes itself: counter 0, which no transaction has, and a number never given twice.
    func nextLocalRefusal() throws -> RefusalID
    /// One for each own transaction, row and field.
    /// - Returns: whether it is new; repeats are ignored.
    func addOvertaken(_ write: OvertakenWrite) throws -> Bool
    /// Those of one cell, or of the row as a whole where `field` is nil.
    /// - Returns: whether there were any.
    func removeOvertaken(table: String, row: RowID, field: String?) throws -> Bool
    /// By the time of writing, then table, row and field.
    func overtaken() throws -> [OvertakenWrite]
}

extension ReplicaStore {
    public func hasConflicts(table: Int) throws -> Bool { true }
}
