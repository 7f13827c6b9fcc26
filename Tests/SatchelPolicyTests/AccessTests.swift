import SatchelCore
import SatchelPolicy
import Testing

struct AccessTests {
    private let policy = Policy(
        name: "p", version: 1,
        roles: ["rep", "peer", "manager", "everyone", "owner"].map { Policy.Role(name: $0, rights: [:]) })
    private let organisation: Organisation = {
        let tree: [(String, String?)] = [
            ("emea", nil), ("dach", "emea"), ("dach-north", "dach"), ("dach-north-1", "dach-north"), ("nordics", "emea"),
        ]
        return Organisation(
            territories: Dictionary(
                uniqueKeysWithValues: tree.map { ($0.0, Organisation.Territory(id: $0.0, name: $0.0, parent: $0.1)) }),
            users: Dictionary(
                uniqueKeysWithValues: ["anna", "clara", "mia", "sam", "gone"].map {
                    ($0, Organisation.User(id: $0, name: $0, isDisabled: $0 == "gone"))
                }),
            grants: [
                .init(user: "anna", role: "rep", scope: .territory("dach")),
                .init(user: "clara", role: "rep", scope: .territory("dach-north")),
                .init(user: "clara", role: "peer", scope: .territory("emea")),
                .init(user: "mia", role: "manager", scope: .territory("emea")),
                .init(user: "mia", role: "peer", scope: .global),
                .init(user: "gone", role: "manager", scope: .territory("emea")),
            ])
    }()

    private func names(_ roles: RoleSet) -> Set<String> { Set(roles.members.map { policy.roles[$0].name }) }
    private func access(_ user: String) -> Access { organisation.access(of: user, policy: policy) }
    private func names(_ user: String, _ scope: Scope, _ table: Table = company) -> Set<String> {
        names(access(user).roles(in: [scope], table: table))
    }

    @Test func aGrantCoversItsSubtreeAndNothingElse() {
        #expect(names("anna", .territory("dach")) == ["rep"])
        #expect(names("anna", .territory("dach-north")) == ["rep"])
        #expect(names("anna", .territory("dach-north-1")) == ["rep"])
        #expect(names("anna", .territory("emea")).isEmpty)
        #expect(names("anna", .territory("nordics")).isEmpty)
        #expect(names("anna", .territory("atlantis")).isEmpty)
    }

    @Test func grantsAtSeveralLevelsAddUp() {
        #expect(names("clara", .territory("dach-north-1")) == ["rep", "peer"])
        #expect(names("clara", .territory("dach")) == ["peer"])
        #expect(names("clara", .territory("nordics")) == ["peer"])
    }

    @Test func aRowInSeveralScopesHasTheUnion() {
        let roles = access("clara").roles(in: [.territory("dach-north"), .user("clara"), .user("anna")], table: company)
        #expect(names(roles) == ["rep", "peer", "owner"])
    }

    @Test func everyoneIsHeldAtGlobalAndOwnerInOnesOwnScope() {
        #expect(names("sam", .global) == ["everyone"])
        #expect(names("sam", .user("sam")) == ["owner"])
        #expect(names("sam", .user("anna")).isEmpty)
        #expect(access("sam").rolesByScope.count == 2)
    }

    @Test func aRoleHeldAnywhereCountsInATableThatIsOnlyGlobal() {
        #expect(names("anna", .global, product) == ["rep", "everyone", "owner"])
        // But not in one that is global besides something else, nor in one that is not global at all.
        #expect(names("anna", .global, notice) == ["everyone"])
        #expect(names("anna", .global, company) == ["everyone"])
    }

    @Test func aGrantAtGlobalIsNotTheWholeTree() {
        #expect(names("mia", .global, notice) == ["everyone", "peer"])
        #expect(names("mia", .territory("nordics")) == ["manager"])
    }

    @Test(arguments: ["gone", "nobody"]) func whoeverIsDisabledOrUnknownHoldsNothing(user: String) {
        #expect(access(user) == .none(user: user))
        #expect(names(user, .global, product).isEmpty)
    }

    @Test func grantsOfRolesThatThePolicyDoesNotHaveAreNothing() {
        var changed = organisation
        changed.grants = [.init(user: "anna", role: "boss", scope: .territory("emea"))]
        #expect(changed.access(of: "anna", policy: policy).rolesByScope.count == 2)
    }

    @Test func aTreeThatRunsInACircleEndsAllTheSame() {
        var changed = organisation
        changed.territories["emea"]?.parent = "dach-north-1"
        #expect(names(changed.access(of: "anna", policy: policy).roles(in: [.territory("dach")], table: company)) == ["rep"])
    }

    @Test(arguments: [Scope.global, .territory("a:b"), .user("user:x"), .territory("")])
    func scopesSurviveTheirText(scope: Scope) {
        #expect(Scope(scope.description) == scope)
    }

    @Test func otherTextIsNoScope() {
        #expect(Scope("galaxy") == nil)
        #expect(Scope("Global") == nil)
    }
}
