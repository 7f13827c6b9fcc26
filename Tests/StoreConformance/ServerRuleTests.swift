import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@Suite struct ServerRuleTests {
    @Test(arguments: ServerKind.allCases) func rulesRebuildExactlyAtEveryPosition(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            var expected = [ServerWorld.governance]
            func change(_ changes: GovernanceChange...) throws {
                try subject.commit { draft in
                    for change in changes { draft.rules(change) }
                }
                for change in changes {
                    var rules = expected[expected.count - 1]
                    rules.apply(change)
                    expected.append(rules)
                }
            }
            func unchanged() throws {
                try subject.commit { try $0.transaction() }
                expected.append(expected[expected.count - 1])
            }
            let anna = ServerWorld.grant("anna", "rep", "dach")
            try change(.territory(Organisation.Territory(id: "nordics", name: "Nordics", parent: "emea")))
            try unchanged()
            try change(
                .grant(ServerWorld.grant("ben", "rep", "nordics")), .user(Organisation.User(id: "ben", name: "Ben Ek")),
                .revoke(anna))
            try change(.revoke(anna), .grant(anna), .grant(anna))
            try change(.territory(Organisation.Territory(id: "dach", name: "D-A-CH", parent: "nordics")))
            try unchanged()
            try change(.user(Organisation.User(id: "mia", name: "Mia")))

            for _ in 0..<2 {
                try subject.store.read { (reader) throws in
                    // Backwards too, since what is cached may come from either side.
                    for number in Array(expected.indices) + expected.indices.reversed() {
                        let rules = try reader.governance(at: Position(UInt64(number)))
                        #expect(rules == expected[number], "at \(number)")
                        #expect(rules.access(of: "anna") == expected[number].access(of: "anna"))
                    }
                    #expect(throws: SatchelError.self) { try reader.governance(at: Position(UInt64(expected.count))) }
                    #expect(try reader.governancePosition() == Position(UInt64(expected.count - 1)))
                }
                try subject.reopen()
            }
        }
    }

    @Test(arguments: ServerKind.allCases) func severalChangesInOneEntry(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let anna = ServerWorld.grant("anna", "rep", "dach")
            let ben = ServerWorld.grant("ben", "rep", "emea")
            func user(_ name: String) -> GovernanceChange { .user(Organisation.User(id: "mia", name: name)) }
            try subject.commit { draft in
                try draft.transaction()
                draft.rules(user("Mia"), user("Mia Lund"), .revoke(anna), .grant(anna), .grant(ben), .revoke(ben), .grant(ben))
                draft.rules(.revoke(anna), .grant(anna), .revoke(anna))
                try draft.transaction()
            }
            try subject.reopen()
            try subject.store.read { (reader) throws in
                #expect(try reader.governance(at: Position(1)) == ServerWorld.governance)
                let second = try reader.governance(at: Position(2)).organisation
                #expect(second.users["mia"]?.name == "Mia Lund")
                #expect(second.grants.contains(anna) && second.grants.contains(ben))
                let last = try reader.governance(at: Position(4)).organisation
                #expect(!last.grants.contains(anna) && last.grants.contains(ben))
                #expect(try reader.governancePosition() == Position(3))
            }
        }
    }

    /// `Organisation` holds ids for equal as Swift's String does; a store that compares bytes must not keep what was revoked.
    @Test(arguments: ServerKind.allCases) func revokingUnderAnotherSpellingRevokes(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let composed = ServerWorld.grant("anna", "rep", "caf\u{E9}")
            let decomposed = ServerWorld.grant("anna", "rep", "cafe\u{301}")
            try subject.commit { draft in
                draft.rules(.grant(composed), .user(Organisation.User(id: "\u{E9}va", name: "Éva")))
                draft.rules(.revoke(decomposed), .user(Organisation.User(id: "e\u{301}va", name: "Éva", isDisabled: true)))
            }
            try subject.reopen()
            try subject.store.read { (reader) throws in
                let now = try reader.governance(at: Position(2)).organisation
                #expect(!now.grants.contains(composed))
                #expect(now.users["\u{E9}va"]?.isDisabled == true)
            }
        }
    }

    @Test(arguments: ServerKind.allCases) func manyChangesSinceTheLastLook(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            var expected = ServerWorld.governance
            _ = try subject.store.read { try $0.governance(at: .zero) }
            try subject.commit { draft in
                for number in 0..<200 {
                    let change = GovernanceChange.user(Organisation.User(id: "u\(number % 150)", name: "User \(number)"))
                    draft.rules(change)
                    expected.apply(change)
                }
            }
            try subject.store.read { (reader) throws in #expect(try reader.governance(at: Position(200)) == expected) }
        }
    }
}
