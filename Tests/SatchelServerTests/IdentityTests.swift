import Crypto
import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelWire
import Testing

@testable import SatchelServer

struct IdentityTests {
    @Test func aDeviceEnrolsAndProvesItself() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let code = try server.server.identities.issueCode(for: "anna")
            #expect(code.expiresMilliseconds == server.clock.now + 900_000)
            let device = TestDevice(epoch: Epoch(0))
            let reply = try await client.post("/v1/enrol", try device.enrolment(code.code).wireBytes())
            #expect(reply.status == 200 && reply.contentType == "application/vnd.satchel.v1+protobuf")
            let enrolled = try reply.message(EnrolReply.self)
            #expect(enrolled.user == "anna" && enrolled.organisation == "org")
            #expect(enrolled.replica.number > 0 && enrolled.replica.number <= UInt64(Int64.max))
            let listed = try #require(try server.server.identities.replicas().first)
            #expect(listed.replica == enrolled.replica && listed.user == "anna" && listed.device == "test")
            #expect(listed.revokedMilliseconds == nil)

            var known = device
            known.replica = enrolled.replica
            let token = try await known.token(client)
            #expect(try await client.post("/v1/pull", try known.pullOpen(isLive: false), token: token).status == 200)
        }
    }

    @Test func everyCodeThatIsNotGoodGetsTheSameAnswer() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let used = try server.server.identities.issueCode(for: "anna").code
            let first = try TestDevice(epoch: Epoch(0)).enrolment(used)
            #expect(try await client.post("/v1/enrol", try first.wireBytes()).status == 200)
            let over = try server.server.identities.issueCode(for: "anna").code
            let ofTheDisabled = try server.server.identities.issueCode(for: "ben").code
            try await server.server.govern([.user(.init(id: "ben", name: "ben", isDisabled: true))], by: "admin")
            var answers: [TestClient.Reply] = []
            for code in [used, "0000-0000-0000-0000", "nonsense", "", ofTheDisabled] {
                answers.append(
                    try await client.post("/v1/enrol", try TestDevice(epoch: Epoch(0)).enrolment(code).wireBytes()))
            }
            server.clock.advance(seconds: 15 * 60)
            answers.append(try await client.post("/v1/enrol", try TestDevice(epoch: Epoch(0)).enrolment(over).wireBytes()))
            #expect(answers.allSatisfy { $0.status == 403 && $0.failure?.code == .codeInvalid })
            #expect(Set(answers.map(\.bytes)).count == 1)
            #expect(try server.server.identities.replicas().count == 1)
        }
    }

    @Test func aCodeIsGoodUntilItsLastSecondAndForOneDeviceOnly() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let code = try server.server.identities.issueCode(for: "anna").code
            server.clock.advance(seconds: 15 * 60 - 1)
            let requests = try (0..<8).map { _ in try TestDevice(epoch: Epoch(0)).enrolment(code.lowercased()).wireBytes() }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for request in requests { group.addTask { try await client.post("/v1/enrol", request).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 1)
            #expect(statuses.count { $0 == 403 } == 7)
        }
    }

    @Test func aKeyThatTheDeviceDoesNotHoldIsRefusedAndTheCodeStaysGood() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let code = try server.server.identities.issueCode(for: "anna").code
            let device = TestDevice(epoch: Epoch(0))
            var request = try device.enrolment(code)
            request.publicKey = TestDevice(epoch: Epoch(0)).publicKey
            let reply = try await client.post("/v1/enrol", try request.wireBytes())
            #expect(reply.status == 403 && reply.failure?.code == .proofInvalid)
            #expect(try await client.post("/v1/enrol", try device.enrolment(code).wireBytes()).status == 200)
        }
    }

    @Test func thePreviousIdentityMustHaveBeenTheSameUsers() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let anna = try await TestDevice.enrolled("anna", server, client)
            let device = TestDevice(epoch: Epoch(0))
            let forBen = try server.server.identities.issueCode(for: "ben").code
            let refused = try await client.post(
                "/v1/enrol", try device.enrolment(forBen, previous: Self.unconfirmed(anna.replica)).wireBytes())
            #expect(refused.failure?.code == .userMismatch)
            #expect(try await client.post("/v1/enrol", try device.enrolment(forBen).wireBytes()).status == 200)

            for (previous, kept) in [(anna.replica, anna.replica as ReplicaID?), (ReplicaID(77), nil)] {
                let code = try server.server.identities.issueCode(for: "anna").code
                let reply = try await client.post(
                    "/v1/enrol",
                    try TestDevice(epoch: Epoch(0)).enrolment(code, previous: Self.unconfirmed(previous)).wireBytes())
                let replica = try reply.message(EnrolReply.self).replica
                let listed = try server.server.identities.replicas().first { $0.replica == replica }
                #expect(listed?.previous == kept)
            }
        }
    }

    private static func unconfirmed(_ replica: ReplicaID) -> Predecessor {
        Predecessor(replica: replica, confirmedThrough: 0, runningHash: RunningHash.start)
    }

    @Test func everyProofThatIsNotGoodGetsTheSameAnswer() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let nonce = { try await client.post("/v1/nonce").message(NonceReply.self).nonce }
            let used = try await nonce()
            #expect(try await client.post("/v1/token", try device.proof(used).wireBytes()).status == 200)
            let old = try await nonce()
            server.clock.advance(seconds: 60)
            var unknown = device
            unknown.replica = ReplicaID(99)
            var stranger = TestDevice(epoch: Epoch(0))
            stranger.replica = device.replica
            let requests = [
                try device.proof(used), try device.proof(old), try device.proof([UInt8](repeating: 7, count: 32)),
                try unknown.proof(try await nonce()), try stranger.proof(try await nonce()),
                try device.proof(try await nonce(), organisation: "another"),
            ]
            var answers: [TestClient.Reply] = []
            for request in requests { answers.append(try await client.post("/v1/token", try request.wireBytes())) }
            #expect(answers.allSatisfy { $0.status == 403 && $0.failure?.code == .proofInvalid })
            #expect(Set(answers.map(\.bytes)).count == 1)
        }
    }

    @Test func aTokenIsGoodForTenMinutesAndOnlyIfItIsOurs() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            let open = try device.pullOpen(isLive: false)
            server.clock.advance(seconds: 599)
            #expect(try await client.post("/v1/pull", open, token: token).status == 200)
            server.clock.advance(seconds: 1)
            let parts = token.split(separator: ".").map(String.init)
            let none = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString().replacing("=", with: "")
            let other = await Tokens(
                secret: [UInt8](repeating: 1, count: 32), organisation: "org", now: { server.clock.now })
            let elsewhere = await Tokens(
                secret: try server.store.secret(.token), organisation: "another", now: { server.clock.now })
            let principal = Principal(replica: device.replica, user: "anna")
            let renamed = await Tokens(
                secret: try server.store.secret(.token), organisation: "org", now: { server.clock.now })
            var answers: [TestClient.Reply] = []
            for bad in [
                token, "", "x.y.z", "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])",
                try await other.issue(to: principal).token, try await elsewhere.issue(to: principal).token,
                // Our own seal, but of another user's name, or of a replica that is not: a payload is not believed.
                try await renamed.issue(to: Principal(replica: device.replica, user: "ben")).token,
                try await renamed.issue(to: Principal(replica: ReplicaID(5), user: "anna")).token,
            ] {
                for path in ["/v1/pull", "/v1/push"] { answers.append(try await client.post(path, open, token: bad)) }
            }
            answers.append(try await client.post("/v1/pull", open))
            #expect(answers.allSatisfy { $0.status == 401 && $0.failure?.code == .tokenInvalid })
            #expect(answers.allSatisfy { $0.failure?.action == .authenticate })
            #expect(Set(answers.map(\.bytes)).count == 1)
        }
    }

    @Test func whoIsRevokedOrDisabledGetsNothingMore() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            for user in ["anna", "ben"] {
                let device = try await TestDevice.enrolled(user, server, client)
                let token = try await device.token(client)
                if user == "anna" {
                    try server.server.revoke(device.replica)
                } else {
                    try await server.server.govern([.user(.init(id: "ben", name: "ben", isDisabled: true))], by: "admin")
                }
                for path in ["/v1/pull", "/v1/push"] {
                    let reply = try await client.post(path, try device.pullOpen(isLive: false), token: token)
                    #expect(reply.status == 403 && reply.failure?.code == .replicaRevoked)
                    #expect(reply.failure?.action == .enrol)
                }
                let nonce = try await client.post("/v1/nonce").message(NonceReply.self).nonce
                let reply = try await client.post("/v1/token", try device.proof(nonce).wireBytes())
                #expect(reply.failure?.code == .replicaRevoked)
            }
            #expect(throws: SatchelError.self) { try server.server.identities.issueCode(for: "ben") }
            #expect(throws: SatchelError.self) { try server.server.identities.issueCode(for: "nobody") }
            #expect(throws: SatchelError.self) { try server.server.revoke(ReplicaID(1)) }
            // And it stays so when the server begins anew.
            let again = try Identities(store: server.store, now: { server.clock.now })
            #expect(try again.replicas().allSatisfy { $0.user == "ben" || $0.revokedMilliseconds != nil })
            #expect(throws: SatchelError.self) { try again.issueCode(for: "ben") }
        }
    }

    @Test func theDirectoryKeepsOnlyHashesOfCodes() async throws {
        try await TestServer.run { server in
            let code = try server.server.identities.issueCode(for: "anna").code
            let plain = code.replacing("-", with: "")
            try server.store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            let file = try Data(contentsOf: URL(fileURLWithPath: server.folder.path + "/satchel.sqlite"))
            #expect(file.range(of: Data(code.utf8)) == nil && file.range(of: Data(plain.utf8)) == nil)
            // The search would have found it.
            let hash = try #require(EnrolmentCode(code)?.hash)
            #expect(file.range(of: Data(hash)) != nil)
        }
    }
}
