import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// One read or write of a `SQLiteServerStore`: a connection inside its transaction. Used on one thread, for the length of
/// one body.
final class SQLiteSession: ServerWriter {
    let db: Database
    let layout: StoreLayout
    let rules: RuleCache
    /// Rows as they stand in this transaction, in a session that may write: what is read to be judged is not looked up again to
    /// be written. Nil in a reader, which would only hold memory for it.
    var known: [RowKey: NumberedRow]?
    var lastNumbers: [Int: RowNumber] = [:]
    /// Rows under a root that are listed; a test sets it lower.
    var listedRows = listedRowsMaximum
    /// Commits written so far.
    var written = 0
    private var knownHead: LogHead?

    struct NumberedRow {
        var number: RowNumber
        var row: StoredRow
    }

    init(_ db: Database, layout: StoreLayout, rules: RuleCache, isWriter: Bool) {
        self.db = db
        self.layout = layout
        self.rules = rules
        known = isWriter ? [:] : nil
    }

    func statement(_ sql: String) throws -> BoundStatement { try BoundStatement(sql, in: db) }

    func head() throws -> LogHead {
        if let knownHead { return knownHead }
        var query = try statement("SELECT epoch, position, hash, clock, clock_logical, next_root FROM log_head")
        guard try query.step() else { throw SatchelError.damaged("no log head") }
        let head = LogHead(
            epoch: query.epoch(0), position: query.position(1), hash: query.bytes(2), clock: query.time(3),
            nextRoot: query.root(5))
        knownHead = head
        return head
    }

    func setHead(_ head: LogHead) throws {
        var query = try statement(
            "UPDATE log_head SET epoch = ?, position = ?, hash = ?, clock = ?, clock_logical = ?, next_root = ?")
        try query.bind(head.epoch)
        try query.bind(head.position)
        try query.bind(head.hash)
        try query.bind(head.clock)
        try query.bind(head.nextRoot)
        try query.run()
        knownHead = head
    }

    func fork(of epoch: Epoch) throws -> Position? {
        var query = try statement("SELECT fork FROM epoch WHERE epoch = ?")
        try query.bind(epoch)
        guard try query.step() else { return nil }
        return try query.optionalPosition(0) ?? head().position
    }

    func author(_ replica: ReplicaID) throws -> String {
        var query = try statement("SELECT user FROM replica WHERE id = ?")
        try query.bind(replica)
        return try query.step() ? try query.text(0) : "?"
    }
}
