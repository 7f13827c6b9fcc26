import SatchelCore
import SatchelProtocol

/// Who a request comes from: the only source of a replica id and a user on the server. Nothing in a payload is one.
struct Principal: Sendable, Hashable {
    let replica: ReplicaID
    let user: String
}

/// The answers of this room. Each says the same whatever the cause was, so that nothing can be found out by trying.
enum IdentityFailure {
    static let code = Failure(
        code: .codeInvalid, message: "That code is not good: it is unknown, used, or older than 15 minutes.", action: .giveUp)
    static let enrolmentProof = Failure(
        code: .proofInvalid, message: "The request is not signed by the key that it names.", action: .giveUp)
    static let proof = Failure(
        code: .proofInvalid, message: "The proof is not good: begin again with a new nonce.", action: .authenticate)
    static let token = Failure(
        code: .tokenInvalid, message: "The token is missing, over, or not this server's.", action: .authenticate)
    static let revoked = Failure(
        code: .replicaRevoked, message: "This device's access was taken back by an administrator.", action: .enrol)
    static let otherUser = Failure(
        code: .userMismatch, message: "The file belonged to another user, and its work stays theirs.", action: .giveUp)
}
