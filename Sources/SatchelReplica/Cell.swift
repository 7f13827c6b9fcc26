import SatchelCore

/// One cell of a row as this user has it. Hidden is not NULL: a hidden cell has a value, or none, that the user may not know,
/// and nothing of it is in the file.
public enum Cell: Sendable, Hashable {
    case value(Value)
    case hidden

    /// The value; nil where it is hidden.
    public var value: Value? {
        if case .value(let value) = self { return value }
        return nil
    }

    public var isHidden: Bool { self == .hidden }
}

/// One row of a table as this user has it.
public struct ReplicaRow: Sendable, Hashable, Identifiable {
    public let table: String
    public let id: RowID
    /// The names of the table's fields, in the schema's order, without `id`.
    public let fields: [String]
    /// One for each of `fields`.
    public let cells: [Cell]

    public init(table: String, id: RowID, fields: [String], cells: [Cell]) {
        self.table = table
        self.id = id
        self.fields = fields
        self.cells = cells
    }

    /// Nil when the table has no such field.
    public subscript(field: String) -> Cell? {
        fields.firstIndex(of: field).map { cells[$0] }
    }
}
