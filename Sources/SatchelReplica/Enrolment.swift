import Foundation
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import SatchelWire

/// Who a replica is, as enrolment gave it.
public struct Identity: Sendable, Hashable {
    public var user: String
    public var replica: ReplicaID

    public init(user: String, replica: ReplicaID) {
        self.user = user
        self.replica = replica
    }
}

extension Replica {
    /// Trades a one-time code for an identity, with a new key made on this device. For a file that has one already it is a
    /// new identity: the queue is kept and sent under it.
    ///
    /// - Parameters:
    ///   - server: `https://HOST:PORT`.
    ///   - certificateAuthority: the only root that this replica will trust; its text is kept in the file.
    ///   - code: from the admin; 15 minutes, one use.
    ///   - device: what the admin's list shows; cut at 100 characters.
    /// - Throws: `SatchelError`: `.codeInvalid`; `.userMismatch` or `.organisationMismatch` when the file holds another's data;
    ///   `.certificateAuthorityMissing`, `.certificateInvalid`, `.unreachable`. The file is as before then.
    public func enrol(
        server: URL, certificateAuthority: CertificateAuthority, code: String, device: String
    ) async throws -> Identity {
        try await gate.alone {
            let address = try ServerAddress(server)
            let authority = try certificateAuthority.text()
            let transport = try Transport(address: address, authority: authority, configuration: configuration)
            let previous = try await file.transact { [engine] store, _ in try engine.predecessor(store) }
            let publicKey = try keys.make()
            let proof = try keys.sign(SignedContent.enrolment(code: code, publicKey: publicKey), with: .candidate)
            let request = EnrolRequest(
                code: code, publicKey: publicKey, proof: proof, device: String(device.prefix(100)), previous: previous)
            let reply: EnrolReply
            do {
                reply = try await transport.call(.enrol, try request.wireBytes())
            } catch let failure as Failure {
                throw failure.satchelError
            }
            try await file.transact { [engine] store, database in
                try engine.adopt(reply, after: previous, server: address.description, store)
                try ReplicaSettings.set(.certificateAuthority, authority, database)
                try ReplicaSettings.set(.revoked, nil, database)
            }
            // A crash before this is mended when the next token is fetched.
            try keys.promote()
            forgetSession()
            return Identity(user: reply.user, replica: reply.replica)
        }
    }
}
