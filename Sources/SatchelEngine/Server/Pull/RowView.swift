import SatchelCore
import SatchelPolicy

/// What one user could see of rows at one moment: the rules and grants in force then.
struct Viewpoint {
    private(set) var position: Position
    let governance: Governance
    let access: Access

    init(position: Position, governance: Governance, user: String) {
        self.position = position
        self.governance = governance
        access = governance.access(of: user)
    }

    /// The same rules and grants at another position, between which they did not change.
    func moved(to position: Position) -> Viewpoint {
        var other = self
        other.position = position
        return other
    }

    /// The roles that count for a row with these roots' scopes at this moment.
    func roles(_ scopes: Set<Scope>, table: Int) -> RoleSet {
        access.roles(in: scopes, table: governance.schema.tables[table])
    }

    func rights(_ roles: RoleSet, table: Int) -> Rights { governance.policy.rights(roles, table: table) }
}

/// What a reader needs to hear about one row that changed between two moments.
enum RowNews {
    case nothing
    /// The whole row, as its mask now has it.
    case complete(roles: RoleSet, roots: [RootNumber])
    /// These fields of a row that the reader holds under the same mask.
    case changed(roles: RoleSet, fields: FieldSet)
    /// The reader held it and no longer may. `only` when the leaving of its roots alone tells so.
    case left
}
