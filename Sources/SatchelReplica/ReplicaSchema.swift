import SatchelCore
import SatchelPolicy
import SatchelProtocol
import SatchelStore

/// Where a right is held.
public enum RightExtent: Sendable, Hashable {
    case nowhere
    /// In some of the user's scopes, or for some rows.
    case somewhere
    case everywhere

    init(_ held: [Bool]) {
        self = held.contains(true) ? (held.contains(false) ? .somewhere : .everywhere) : .nowhere
    }
}

/// A table and what this user may do in it.
public struct TableAccess: Sendable, Hashable {
    public var name: String
    public var canCreate: RightExtent
    public var canDelete: RightExtent
    public var fields: [FieldAccess]
}

/// A field and what this user may do with it.
public struct FieldAccess: Sendable, Hashable {
    public var name: String
    public var type: FieldType
    public var isRequired: Bool
    public var read: RightExtent
    public var write: RightExtent
    /// May be set when a row is created, somewhere.
    public var isSettableAtCreation: Bool
}

extension Replica {
    /// The organisation's tables; nil before the first sync.
    public func schema() async throws -> Schema? { try await file.read { try $0.schema() } }

    /// The tables with this user's rights, as the server last said them; empty before the first sync. Rights differ from row
    /// to row: what `everywhere` says holds in all of the user's scopes that rows of that table can be in.
    public func tables() async throws -> [TableAccess] {
        try await file.read { reader in
            guard let schema = try reader.schema() else { return [] }
            let places = try reader.places()
            return try schema.tables.map { table in
                let masks = try places.map { try Self.masks(of: table, $0, reader) } ?? []
                return TableAccess(table, masks)
            }
        }
    }

    /// The rights in each of the scopes that rows of a table can be in; nil where there are none.
    private static func masks(
        of table: SatchelPolicy.Table, _ places: KnownPlaces, _ reader: ReplicaReader
    ) throws -> [MaskDefinition.TableRights?] {
        var numbers: Set<Int> = []
        for rule in table.partition {
            switch rule {
            case .global: numbers.insert(table.isOnlyGlobal ? places.anywhere : places.global)
            case .territory: numbers.formUnion(places.territories.map(\.mask))
            case .owner: numbers.insert(places.own)
            // A child is wherever its parent is, and that may be anywhere.
            case .through: numbers.formUnion(places.territories.map(\.mask) + [places.own])
            }
        }
        return try numbers.sorted().map { number in
            try reader.mask(number)?.tables.first { $0.table == table.name }
        }
    }
}

extension TableAccess {
    init(_ table: SatchelPolicy.Table, _ masks: [MaskDefinition.TableRights?]) {
        name = table.name
        canCreate = RightExtent(masks.map { $0?.create ?? false })
        canDelete = RightExtent(masks.map { $0?.delete ?? false })
        fields = table.fields.map { field in
            FieldAccess(
                name: field.name, type: field.type, isRequired: field.isRequired,
                read: RightExtent(masks.map { $0?.read.contains(field.name) ?? false }),
                write: RightExtent(masks.map { $0?.write.contains(field.name) ?? false }),
                isSettableAtCreation: masks.contains { rights in
                    rights.map { $0.create && $0.settable.contains(field.name) } ?? false
                })
        }
    }
}
