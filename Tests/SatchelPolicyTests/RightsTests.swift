import SatchelCore
import SatchelPolicy
import Testing

/// A company with two partition fields and a `createOnly` one, and a product list that is only global.
let company = Table(
    name: "company", partition: [.territory(field: 2), .owner(field: 3)],
    fields: [
        Field(name: "name", type: .text, isRequired: true), Field(name: "tax_number", type: .text, isCreateOnly: true),
        Field(name: "territory", type: .territory), Field(name: "owner", type: .user),
        Field(name: "credit_limit", type: .decimal),
    ])
let product = Table(
    name: "product", partition: [.global],
    fields: [Field(name: "name", type: .text), Field(name: "purchase_price", type: .decimal)])
/// A table that belongs to a territory besides being global.
let notice = Table(
    name: "notice", partition: [.global, .territory(field: 1)],
    fields: [Field(name: "text", type: .text), Field(name: "territory", type: .territory)])

struct RightsTests {
    @Test func unionIsFieldByFieldAndRightByRight() {
        var rights = Rights(read: FieldSet([0, 1]), write: FieldSet([0]))
        rights.formUnion(Rights(read: FieldSet([1, 4]), create: true, createFields: FieldSet([4]), delete: true))
        #expect(rights.read.members == [0, 1, 4])
        #expect(rights.write.members == [0])
        #expect(rights.createFields.members == [4])
        #expect(rights.create && rights.delete)
        var same = rights
        same.formUnion(.none)
        #expect(same == rights)
    }

    @Test func nobodySeesARowWithoutAReadableField() {
        #expect(!Rights(write: FieldSet([0]), create: true, delete: true).canSee)
        #expect(Rights(read: FieldSet([4])).canSee)
    }

    @Test func aCreatorMaySetTheWriteListThePlacingTheCreateOnlyAndTheListedFields() {
        let plain = Rights(write: FieldSet([0]), create: true)
        #expect(plain.settableAtCreation(in: company).members == [0, 1, 2, 3])
        let listed = Rights(create: true, createFields: FieldSet([4]))
        #expect(listed.settableAtCreation(in: company).members == [1, 2, 3, 4])
        #expect(Rights(write: company.all).settableAtCreation(in: company).isEmpty)
    }

    @Test func theTwoImplicitRolesAlwaysExist() throws {
        let policy = Policy(name: "p", version: 1, roles: [Policy.Role(name: "rep", rights: [0: Rights(read: FieldSet([0]))])])
        #expect(policy.roles.map(\.name) == ["rep", "everyone", "owner"])
        let everyone = try #require(policy.roleIndex(Policy.everyone))
        #expect(policy.rights(RoleSet([everyone]), table: 0) == .none)
        #expect(policy.roleIndex("boss") == nil)
    }

    @Test func aPolicyUnitesTheRightsOfSeveralRoles() {
        let policy = Policy(
            name: "p", version: 1,
            roles: [
                Policy.Role(name: "peer", rights: [0: Rights(read: FieldSet([0]))]),
                Policy.Role(
                    name: "finance", rights: [0: Rights(read: FieldSet([4]), write: FieldSet([4])), 1: Rights(delete: true)]),
            ])
        #expect(policy.rights(RoleSet([0, 1]), table: 0) == Rights(read: FieldSet([0, 4]), write: FieldSet([4])))
        #expect(policy.rights(RoleSet([0]), table: 1) == .none)
        // A role that a newer policy no longer has grants nothing.
        #expect(policy.rights(RoleSet([77]), table: 0) == .none)
    }

    @Test func tablesKnowTheirPlacingFields() {
        #expect(company.placing.members == [2, 3])
        #expect(company.isRoot && !company.isOnlyGlobal)
        #expect(product.isRoot && product.isOnlyGlobal && product.placing.isEmpty)
        #expect(!notice.isOnlyGlobal)
        let contact = Table(
            name: "contact", partition: [.through(field: 0)], fields: [Field(name: "company", type: .reference("company"))])
        #expect(!contact.isRoot && contact.placing.members == [0])
    }
}
