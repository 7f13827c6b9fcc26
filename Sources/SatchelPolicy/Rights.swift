import SatchelCore

/// What a role, or several together, may do with the rows of one table: its masks.
public struct Rights: Sendable, Hashable {
    public var read: FieldSet
    public var write: FieldSet
    public var create: Bool
    /// What a creator may set beyond `write`, the partition fields and the `createOnly` fields.
    public var createFields: FieldSet
    public var delete: Bool

    public init(
        read: FieldSet = FieldSet(), write: FieldSet = FieldSet(), create: Bool = false,
        createFields: FieldSet = FieldSet(), delete: Bool = false
    ) {
        self.read = read
        self.write = write
        self.create = create
        self.createFields = createFields
        self.delete = delete
    }

    public static let none = Rights()

    /// A row is visible to whoever may read any of its fields.
    public var canSee: Bool { !read.isEmpty }

    /// A user's mask is the union over the grants through whose scopes the row is visible.
    public mutating func formUnion(_ other: Rights) {
        read.formUnion(other.read)
        write.formUnion(other.write)
        create = create || other.create
        createFields.formUnion(other.createFields)
        delete = delete || other.delete
    }

    /// Every field that may be set when a row of the table is created under these rights (DESIGN §7, "Create").
    public func settableAtCreation(in table: Table) -> FieldSet {
        guard create else { return FieldSet() }
        let createOnly = FieldSet(table.fields.indices.filter { table.fields[$0].isCreateOnly })
        return write.union(table.placing).union(createOnly).union(createFields)
    }
}
