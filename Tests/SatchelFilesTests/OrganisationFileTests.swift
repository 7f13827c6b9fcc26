import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

struct OrganisationFileTests {
    private let text = """
        territories:
          - {id: south, name: South, parent: top}
          - {id: top, name: "Top of all"}
          - {id: 007, parent: south}
        users:
          - id: anna
            name: Anna Berg
            grants:
              - {role: rep, territory: south}
              - {role: manager, global: true, from: 2026-01-01, until: 2026-07-01T02:00:00+02:00}
          - {id: sam}
        """

    @Test func anOrganisationIsRead() throws {
        let file = try readOrganisation(Array(text.utf8))
        #expect(file.territories.map(\.id) == ["top", "south", "007"])
        #expect(file.territories.map(\.name) == ["Top of all", "South", "007"])
        #expect(file.territories.map(\.parent) == [nil, "top", "south"])
        #expect(file.users == [.init(id: "anna", name: "Anna Berg"), .init(id: "sam", name: "sam")])
        #expect(
            file.grants == [
                .init(grant: .init(user: "anna", role: "rep", scope: .territory("south"))),
                .init(
                    grant: .init(user: "anna", role: "manager", scope: .global), from: 1_767_225_600_000,
                    until: 1_782_864_000_000),
            ])
    }

    @Test func grantsHoldFromTheirFirstMomentUpToTheirLast() throws {
        let file = try readOrganisation(Array(text.utf8))
        func roles(_ moment: UInt64) -> Set<String> { Set(file.organisation(at: moment).grants.map(\.role)) }
        #expect(roles(0) == ["rep"])
        #expect(roles(1_767_225_599_999) == ["rep"])
        #expect(roles(1_767_225_600_000) == ["rep", "manager"])
        #expect(roles(1_782_863_999_999) == ["rep", "manager"])
        #expect(roles(1_782_864_000_000) == ["rep"])
        let organisation = file.organisation(at: 0)
        #expect(organisation.users.keys.sorted() == ["anna", "sam"])
        #expect(organisation.territories["007"]?.parent == "south")
    }

    @Test(arguments: [
        "territories: []", "territories:\n  - {id: a}\n  - {id: b}\n  - {id: c, parent: b}\n  - {id: organisation, parent: b}",
    ])
    func aTreeWithoutOneRootGetsOne(yaml: String) throws {
        let file = try readOrganisation(Array(yaml.utf8))
        let roots = file.territories.filter { $0.parent == nil }
        #expect(roots.count == 1)
        #expect(file.territories.first == roots.first)
        #expect(Set(file.territories.map(\.id)).count == file.territories.count)
        if yaml.contains("- ") {
            #expect(roots.first?.id == "organisation-root")
            #expect(file.territories.filter { $0.parent == "organisation-root" }.map(\.id) == ["a", "b"])
        } else {
            #expect(roots.first?.id == "organisation")
        }
    }

    @Test func theRootThatWasMadeCanBeGranted() throws {
        let yaml = "territories: [{id: a}, {id: b}]\nusers: [{id: u, grants: [{role: rep, territory: organisation}]}]"
        let file = try readOrganisation(Array(yaml.utf8))
        #expect(file.grants.map(\.grant.scope) == [.territory("organisation")])
    }

    /// The grant stands in line 3.
    private static func grant(_ text: String) -> String { "territories: [{id: t}]\nusers:\n  - {id: u, grants: [{\(text)}]}" }

    private static let refusals: [Refusal] = [
        Refusal("teritories: []", 1, "`teritories` is not a key of an organisation"),
        Refusal("territories: {id: t}", 1, "territories must be a list"),
        Refusal("territories:\n  - {name: T}", 2, "The entry of a territory has no id"),
        Refusal("territories:\n  - {id: t, colour: red}", 2, "`colour` is not a key of a territory"),
        Refusal("territories:\n  - {id: t}\n  - {id: u, parent: t}\n  - {id: t, parent: u}", 4, "`t` is there twice"),
        Refusal("territories:\n  - {id: t}\n  - {id: u, parent: v}", 3, "`v` of `u` is not a territory", .territoryUnknown),
        Refusal("territories:\n  - {id: t, parent: t}", 2, "t under t", .territoryCycle),
        Refusal(
            "territories:\n  - {id: r}\n  - {id: a, parent: c}\n  - {id: b, parent: a}\n  - {id: c, parent: b}\n  - {id: d, parent: a}",
            3, "a under c under b under a", .territoryCycle),
        Refusal("territories:\n  - {id: \"\"}", 2, "cannot be the id of a territory"),
        Refusal("territories:\n  - {id: \" t\"}", 2, "cannot be the id of a territory"),
        Refusal("territories:\n  - {id: \"a\\nb\"}", 2, "cannot be the id of a territory"),
        Refusal("users:\n  - {id: \(String(repeating: "u", count: 129))}", 2, "cannot be the id of a user"),
        Refusal("users:\n  - {id: u}\n  - {id: u}", 3, "The user `u` is there twice"),
        Refusal("users:\n  - {id: u, disabled: true}", 2, "`disabled` is not a key of a user"),
        Refusal("users:\n  - {id: u, name: \"a\\0b\"}", 2, "cannot be a name"),
        Refusal("users:\n  - u", 2, "Here must be a user"),
        Refusal(grant("role: boss, territory: t"), 3, "no role `boss`", .roleUnknown),
        Refusal(grant("role: rep, territory: x"), 3, "no territory `x`", .territoryUnknown),
        Refusal(grant("role: rep"), 3, "needs either a territory or global"),
        Refusal(grant("role: rep, territory: t, global: true"), 3, "needs either a territory or global"),
        Refusal(grant("role: rep, global: false"), 3, "global: false has no scope"),
        Refusal(grant("role: rep, global: all"), 3, "global must be true or false"),
        Refusal(grant("territory: t"), 3, "The grant has no role"),
        Refusal(grant("role: rep, territory: t, untill: 2026-01-01"), 3, "`untill` is not a key of a grant"),
        Refusal(grant("role: rep, territory: t, from: soon"), 3, "from must be a date or time"),
        Refusal(grant("role: rep, territory: t, until: 1969-12-31"), 3, "until must be a date or time after 1970"),
        Refusal(grant("role: rep, territory: t, from: 2026-02-01, until: 2026-02-01"), 3, "ends before it begins"),
        Refusal(grant("role: rep, territory: t}, {role: rep, territory: t"), 3, "The same grant is listed twice"),
    ]

    @Test(arguments: refusals) func refusedWithItsLine(refusal: Refusal) { refusal.expect(readOrganisation) }

    @Test func aTreeHasADepth() throws {
        func chain(_ count: Int) -> String {
            (1..<count).reduce("territories:\n  - {id: t0}\n") { $0 + "  - {id: t\($1), parent: t\($1 - 1)}\n" }
        }
        #expect(try readOrganisation(Array(chain(64).utf8)).territories.count == 64)
        Refusal(chain(70), 2 + 64, "deeper than 64 levels", .tooLarge).expect(readOrganisation)
    }

    /// DESIGN §6 designs for 25,000 territories.
    @Test func aLargeTreeIsReadInOrder() throws {
        // Written leaves first, so that every parent comes after its children.
        let lines = (1..<25_000).reversed().map { "- {id: t\($0), parent: t\($0 / 8)}\n" }.joined()
        let file = try readOrganisation(Array("territories:\n\(lines)- {id: t0}\n".utf8))
        #expect(file.territories.count == 25_000)
        var seen: Set<String> = []
        var early = 0
        for territory in file.territories {
            if let parent = territory.parent, !seen.contains(parent) { early += 1 }
            seen.insert(territory.id)
        }
        #expect(early == 0)
    }
}
