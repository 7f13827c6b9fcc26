import SatchelCore
import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

struct PolicyFileTests {
    @Test func aPolicyIsReadAndItsIncludesResolved() throws {
        let policy = try readPolicy(Array(smallPolicy.utf8))
        #expect(policy.name == "small" && policy.version == 3 && policy.graceDays == 10)
        #expect(policy.precedence == ["manager", "rep"])
        #expect(policy.roles.map(\.name) == ["everyone", "rep", "manager", "owner"])
        let manager = policy.roles[2]
        #expect(
            manager.rights[0]
                == Rights(read: FieldSet(0..<4), write: FieldSet(0..<4), create: true, delete: true))
        #expect(manager.rights[1] == policy.roles[1].rights[1])
        #expect(policy.roles[1].rights[1]?.createFields.members == [1])
        #expect(policy.roles[1].rights[0] == Rights(read: FieldSet(0..<4), write: FieldSet([0]), create: true))
        #expect(policy.roles[0].rights[2] == Rights(read: FieldSet([0])))
    }

    @Test func graceIsThirtyDaysUnlessSaid() throws {
        #expect(try readPolicy(Array("policy: p\nversion: 1\nroles: {}".utf8)).graceDays == 30)
    }

    @Test func includesGoThroughSeveralRoles() throws {
        let yaml = """
            policy: p
            version: 1
            roles:
              c: {include: [b, a], product: {write: [kind]}}
              b: {include: [a], product: {read: [kind]}}
              a: {product: {read: [name]}}
            """
        let policy = try readPolicy(Array(yaml.utf8))
        #expect(policy.roles[0].rights[2] == Rights(read: FieldSet([0, 1]), write: FieldSet([1])))
        #expect(policy.roles[1].rights[2] == Rights(read: FieldSet([0, 1])))
        #expect(policy.roles[2].rights[2] == Rights(read: FieldSet([0])))
    }

    /// The role's lines begin at line 4.
    private static func role(_ text: String) -> String { "policy: p\nversion: 1\nroles:\n\(text)\n" }
    private static func company(_ rights: String) -> String { role("  rep:\n    company: {\(rights)}") }

    private static let refusals: [Refusal] = [
        Refusal("policy: p\nversion: 1", 1, "The policy has no roles"),
        Refusal("policy: p\nversion: 1\nroles: {}\nrules: 1", 4, "`rules` is not a key of a policy"),
        Refusal(
            "policy: p\nversion: 1\nroles: {}\ntransitions: []", 4, "transitions of a policy is not built yet", .notBuiltYet),
        Refusal("policy: p\nversion: 1\nroles: {}\ngraceDays: -1", 4, "graceDays must be a whole number"),
        Refusal("policy: p\nversion: 1\nroles: {}\nprecedence: [boss]", 4, "no role `boss`", .roleUnknown),
        Refusal("policy: p\nversion: 1\nroles: {}\nprecedence: [owner, owner]", 4, "owner is listed twice"),
        Refusal("policy: p p\nversion: 1\nroles: {}", 1, "cannot be the name of a policy"),
        Refusal(role("  \"Rep!\": {}"), 4, "cannot be the name of a role"),
        Refusal(role("  rep:"), 4, "Here must be a role"),
        Refusal(role("  rep:\n    compnay: {read: all}"), 5, "no table `compnay`", .unknownTable),
        Refusal(company("read: everything"), 5, "read must be all or a list"),
        Refusal(company("read: [name, nmae]"), 5, "no field `nmae`", .unknownField),
        Refusal(company("read: [id]"), 5, "no field `id`", .unknownField),
        Refusal(company("write: {name: true}"), 5, "write must be all or a list"),
        Refusal(company("create: maybe"), 5, "create must be true, or a list"),
        Refusal(company("write: [name], create: [nmae]"), 5, "no field `nmae`", .unknownField),
        Refusal(company("delete: [name]"), 5, "delete must be true or false"),
        Refusal(company("raed: all"), 5, "`raed` is not a key of a table in a role"),
        Refusal(company("write: all, whenOwner: true"), 5, "whenOwner of a table in a role is not built yet", .notBuiltYet),
        Refusal(role("  rep:\n    include: [boss]"), 5, "no role `boss`", .roleUnknown),
        Refusal(role("  rep:\n    include: boss"), 5, "include must be a list"),
        Refusal(role("  rep:\n    include: [rep]"), 5, "rep includes rep"),
        Refusal(
            role("  a: {include: [b]}\n  b: {include: [c]}\n  c:\n    include:\n    - b"), 8, "b includes c includes b"),
        Refusal(company("read: all, create: true"), 5, "may not set its required name"),
        Refusal(company("read: all, write: [tax], create: [tax]"), 5, "may not set its required name"),
    ]

    @Test(arguments: refusals) func refusedWithItsLine(refusal: Refusal) { refusal.expect(readPolicy) }

    @Test func aRequiredFieldMayComeFromTheCreateListOrAnIncludedRole() throws {
        _ = try readPolicy(Array(Self.company("create: [name]").utf8))
        _ = try readPolicy(
            Array(Self.role("  a: {company: {write: [name]}}\n  b: {include: [a], company: {create: true}}").utf8))
        _ = try readPolicy(Array(Self.company("create: false").utf8))
    }

    @Test func thereAreAsManyRolesAsARoleSetIsWide() throws {
        func roles(_ count: Int) -> String { Self.role((0..<count).map { "  r\($0): {}" }.joined(separator: "\n")) }
        #expect(try readPolicy(Array(roles(254).utf8)).roles.count == 256)
        Refusal(roles(255), 3, "has 257 roles", .tooLarge).expect(readPolicy)
    }
}
