import Hummingbird
import SatchelProtocol
import SatchelWire

/// How a device comes to an identity, and how it proves it: `POST /v1/enrol`, `/v1/nonce` and `/v1/token`.
struct IdentityRoutes: Sendable {
    let identities: Identities
    let nonces: Nonces
    let tokens: Tokens
    private let disk = Blocking.serial("satchel.enrol")

    init(identities: Identities, nonces: Nonces, tokens: Tokens) {
        self.identities = identities
        self.nonces = nonces
        self.tokens = tokens
    }

    func enrol(_ body: [UInt8]) async throws -> Response {
        let request = try EnrolRequest(wireBytes: body)
        guard request.wireVersion <= Limits.wireVersion else {
            throw Failure(
                code: .upgradeServer,
                message: "The client speaks version \(request.wireVersion), this server \(Limits.wireVersion).", action: .giveUp
            )
        }
        return try Answer.message(try await disk.run { [identities] in try identities.enrol(request) })
    }

    func nonce() throws -> Response {
        try Answer.message(NonceReply(nonce: nonces.issue()))
    }

    func token(_ body: [UInt8]) async throws -> Response {
        let request = try TokenRequest(wireBytes: body)
        let isFresh = nonces.redeem(request.nonce)
        let principal = try identities.prove(request)
        guard isFresh else { throw IdentityFailure.proof }
        return try Answer.message(try await tokens.issue(to: principal))
    }
}
