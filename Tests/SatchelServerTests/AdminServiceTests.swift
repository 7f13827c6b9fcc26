import Foundation
import SatchelEngine
import SatchelPolicy
import SatchelCore
import SatchelProtocol
import Testing

@testable import SatchelServer

/// The operations on a real store, as commands do them that find no server.
@Suite struct AdminServiceTests {
    @Test func territoriesAreListedParentsFirst() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            guard case .territories(let list) = try await world.ask(.territories) else { throw OtherAnswer() }
            #expect(list.map(\.id) == ["emea", "dach", "nordics"])
            #expect(list.map(\.parent) == [nil, "emea", "emea"])
        }
    }

    @Test func territoriesAreAddedAndMoved() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            _ = try await world.ask(.addTerritory(id: "bavaria", name: "Bavaria", parent: "dach"))
            _ = try await world.ask(.addTerritory(id: "apac", name: "APAC", parent: nil))
            _ = try await world.ask(.moveTerritory(id: "dach", parent: "apac"))
            let tree = try world.governance().organisation.territories
            #expect(tree["bavaria"]?.parent == "dach")
            #expect(tree["apac"]?.parent == "emea")
            #expect(tree["dach"]?.parent == "apac")
            #expect(tree["dach"]?.name == "DACH")
        }
    }

    @Test func wrongTerritoriesHaveTheirCodes() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            #expect(try await world.code(.addTerritory(id: "dach", name: "D", parent: nil)) == .alreadyExists)
            #expect(try await world.code(.addTerritory(id: "x", name: "X", parent: "no")) == .territoryUnknown)
            #expect(try await world.code(.addTerritory(id: " x", name: "X", parent: nil)) == .invalidID)
            #expect(try await world.code(.addTerritory(id: "x", name: "X\n", parent: nil)) == .invalidText)
            #expect(try await world.code(.moveTerritory(id: "no", parent: "emea")) == .territoryUnknown)
            #expect(try await world.code(.moveTerritory(id: "dach", parent: "no")) == .territoryUnknown)
            #expect(try await world.code(.moveTerritory(id: "dach", parent: "dach")) == .territoryCycle)
            #expect(try await world.code(.moveTerritory(id: "emea", parent: "dach")) == .territoryCycle)
            #expect(try world.head().position == .zero)
            // A move to where it is already writes nothing.
            #expect(try await world.code(.moveTerritory(id: "dach", parent: "emea")) == nil)
            #expect(try world.head().position == .zero)
        }
    }

    @Test func treesStayWithinTheirDepth() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let gateway = try await world.gateway()
            var parent = "dach"
            for level in 3...AdminLimits.territoryDepth {
                _ = try await gateway.ask(.addTerritory(id: "t\(level)", name: "T", parent: parent))
                parent = "t\(level)"
            }
            try gateway.close()
            #expect(try await world.code(.addTerritory(id: "deeper", name: "T", parent: parent)) == .tooLarge)
            #expect(try await world.code(.moveTerritory(id: "nordics", parent: parent)) == .tooLarge)
        }
    }

    @Test func usersComeAndAreShutOut() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            _ = try await world.ask(.addUser(id: "zoe", name: "Zoe Long"))
            #expect(try await world.code(.addUser(id: "zoe", name: "Z")) == .alreadyExists)
            #expect(try await world.code(.addUser(id: "import", name: "I")) == .alreadyExists)
            #expect(try await world.code(.addUser(id: "", name: "I")) == .invalidID)
            guard case .enrolmentCode(let code) = try await world.ask(.enrolmentCode(user: "zoe")) else {
                throw OtherAnswer()
            }
            #expect(code.user == "zoe")
            let expires = try #require(CivilTime.read(code.expires))
            #expect(abs(expires - Int64(systemClock()) - 900_000) < 60_000)
            _ = try await world.ask(.disableUser(id: "zoe"))
            _ = try await world.ask(.disableUser(id: "zoe"))
            #expect(try await world.code(.enrolmentCode(user: "zoe")) == .userUnknown)
            #expect(try await world.code(.enrolmentCode(user: "nobody")) == .userUnknown)
            #expect(try await world.code(.disableUser(id: "nobody")) == .userUnknown)
            guard case .users(let users) = try await world.ask(.users) else { throw OtherAnswer() }
            #expect(users.map(\.id) == ["anna", "ben", "zoe"])
            #expect(users.map(\.isDisabled) == [false, false, true])
            #expect(users[0].grants == [GrantReply(role: "rep", territory: "dach")])
            #expect(try world.head().position.number == 2)
        }
    }

    @Test func grantsAreGivenAndTakenBack() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let order = GrantOrder(user: "ben", role: "manager", territory: "emea")
            _ = try await world.ask(.grant(order))
            _ = try await world.ask(.grant(order))
            _ = try await world.ask(.grant(GrantOrder(user: "ben", role: "rep", territory: nil)))
            #expect(
                try world.governance().organisation.grants == [
                    .init(user: "anna", role: "rep", scope: .territory("dach")),
                    .init(user: "ben", role: "manager", scope: .territory("emea")),
                    .init(user: "ben", role: "rep", scope: .global),
                ])
            #expect(try world.head().position.number == 2)
            _ = try await world.ask(.revoke(order))
            #expect(try await world.code(.revoke(order)) == .notFound)
            #expect(try world.governance().organisation.grants.count == 2)
        }
    }

    @Test func wrongGrantsHaveTheirCodes() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            #expect(try await world.code(.grant(GrantOrder(user: "no", role: "rep", territory: "dach"))) == .userUnknown)
            #expect(try await world.code(.grant(GrantOrder(user: "ben", role: "no", territory: "dach"))) == .roleUnknown)
            #expect(try await world.code(.grant(GrantOrder(user: "ben", role: "rep", territory: "no"))) == .territoryUnknown)
            let past = GrantOrder(user: "ben", role: "rep", territory: "dach", until: systemClock() - 1000)
            #expect(try await world.code(.grant(past)) == .usage)
            let backwards = GrantOrder(
                user: "ben", role: "rep", territory: "dach", from: systemClock() + 9000, until: systemClock() + 8000)
            #expect(try await world.code(.grant(backwards)) == .usage)
            #expect(try world.head().position == .zero)
        }
    }

    @Test func replicasAreListedAndRevoked() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            guard case .replicas(let none) = try await world.ask(.replicas) else { throw OtherAnswer() }
            #expect(none.isEmpty)
            // The server's own writer is not among them, and nobody can revoke it.
            let own = ReplicaID(0x0123_4567_89AB_CDEE)
            try world.withStore { try $0.enrol(own, user: "import") }
            guard case .replicas(let still) = try await world.ask(.replicas) else { throw OtherAnswer() }
            #expect(still.isEmpty)
            #expect(try await world.code(.revokeReplica(id: own.description)) == .notFound)
            #expect(try await world.code(.revokeReplica(id: "0123456789abcdef")) == .notFound)
            #expect(try await world.code(.revokeReplica(id: "nonsense")) == .notFound)
        }
    }

    @Test func statusSaysWhatThereIs() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            guard case .status(let status) = try await world.ask(.status) else { throw OtherAnswer() }
            #expect(status.organisation.hasPrefix("small-"))
            #expect(!status.isServing)
            #expect(status.address == nil)
            #expect(status.territories == 3)
            #expect(status.users == 2)
            #expect(status.grants == 1)
            #expect(status.replicas == 0)
            #expect(status.position == 0)
            #expect(status.certificateExpires != nil)
        }
    }
}
