import Crypto
import Foundation
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelServer
import SatchelWire

/// A device of a user: its key, its identity, and the chain of its transactions.
struct TestDevice: Sendable {
    let key = Curve25519.Signing.PrivateKey()
    var replica = ReplicaID(0)
    var counter: UInt64 = 0
    var hash = RunningHash.start
    var cursor: Cursor?
    let epoch: Epoch

    var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    static func enrolled(_ user: String, _ server: TestServer, _ client: TestClient) async throws -> TestDevice {
        var device = TestDevice(epoch: try server.store.read { try $0.head().epoch })
        let code = try server.server.identities.issueCode(for: user).code
        let reply = try await client.post("/v1/enrol", try device.enrolment(code).wireBytes())
        device.replica = try reply.message(EnrolReply.self).replica
        return device
    }

    func enrolment(_ code: String, previous: Predecessor? = nil) throws -> EnrolRequest {
        let content = SignedContent.enrolment(code: code, publicKey: publicKey)
        return EnrolRequest(
            code: code, publicKey: publicKey, proof: Array(try key.signature(for: content)), device: "test", previous: previous)
    }

    func proof(_ nonce: [UInt8], organisation: String = "org") throws -> TokenRequest {
        let content = SignedContent.token(organisation: organisation, replica: replica, nonce: nonce)
        return TokenRequest(replica: replica, nonce: nonce, signature: Array(try key.signature(for: content)))
    }

    func token(_ client: TestClient) async throws -> String {
        let nonce = try await client.post("/v1/nonce").message(NonceReply.self).nonce
        return try await client.post("/v1/token", try proof(nonce).wireBytes()).message(TokenReply.self).token
    }

    var commitment: Commitment {
        Commitment(cursor: cursor, lastCounter: counter, runningHash: hash, confirmedThrough: 0)
    }

    /// The next transaction: a new note.
    mutating func write(_ body: String, in territory: String = TestRules.north) throws -> SealedTransaction {
        let transaction = Transaction(
            counter: counter + 1, epoch: epoch,
            clock: ClockReading(wallMilliseconds: 1_700_000_000_000, boot: [], uptimeMilliseconds: 0),
            changes: [
                Change(
                    table: "note", id: RowID.uuidV7(milliseconds: 1_700_000_000_000, random: &random), operation: .insert,
                    seen: cursor?.position ?? .zero,
                    cells: [
                        CellWrite(field: "territory", value: .text(territory)), CellWrite(field: "body", value: .text(body)),
                    ])
            ])
        return seal(try transaction.wireBytes())
    }

    mutating func seal(_ payload: [UInt8]) -> SealedTransaction {
        counter += 1
        let sealed = SealedTransaction(counter: counter, payload: payload)
        hash = RunningHash.next(hash, sealed)
        return sealed
    }

    private var random = SystemRandomNumberGenerator()

    init(epoch: Epoch) { self.epoch = epoch }

    /// What opens a push of everything after what `before` had written.
    func opening(after before: TestDevice) -> PushFrame {
        .open(
            PushOpen(
                commitment: commitment, baseCounter: before.counter, baseHash: before.hash,
                clock: ClockReading(wallMilliseconds: 1_700_000_000_000, boot: [], uptimeMilliseconds: 0)))
    }

    func pullOpen(isLive: Bool) throws -> [UInt8] {
        try PullOpen(commitment: commitment, schemaVersion: nil, isLive: isLive).wireBytes()
    }
}

func encoded(_ frames: [PushFrame]) throws -> [UInt8] {
    try frames.flatMap { Framing.frame(try $0.wireBytes()) }
}
