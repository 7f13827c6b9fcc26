import SatchelCore

/// Concurrent writes, of which one is shown: a cell with more than one head, or an own write of a row that someone deleted.
public struct Conflict: Sendable, Hashable {
    public struct Head: Sendable, Hashable {
        public var value: Value
        public var user: String
        /// Estimated true time of the write, milliseconds since 1970.
        public var milliseconds: UInt64

        public init(value: Value, user: String, milliseconds: UInt64) {
            self.value = value
            self.user = user
            self.milliseconds = milliseconds
        }
    }

    public var table: String
    public var id: RowID
    /// Nil for a row as a whole: an own delete that came after another, or before the row was made anew.
    public var field: String?
    /// The one that is shown; nil where the row was deleted, or made anew, and nothing of the own write is.
    public var kept: Head?
    public var lost: [Head]
    /// What chose: the merge kind in the schema's word, `lww` …, or `Conflict.delete`.
    public var rule: String

    /// The rule by which a delete overtakes an edit that had not seen it.
    public static let delete = "delete"

    public init(table: String, id: RowID, field: String?, kept: Head?, lost: [Head], rule: String) {
        self.table = table
        self.id = id
        self.field = field
        self.kept = kept
        self.lost = lost
        self.rule = rule
    }
}
