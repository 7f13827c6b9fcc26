import SatchelCore
import SatchelProtocol
import SatchelWire

/// An identity at its server: requests that carry its token.
final class Session: Sendable {
    struct Identity: Sendable, Hashable {
        var server: String
        var authority: String
        var organisation: String
        var replica: ReplicaID
    }

    let identity: Identity
    let transport: Transport
    private let tokens: TokenCache

    init(_ identity: Identity, keys: any KeyStore, configuration: ReplicaConfiguration) throws {
        self.identity = identity
        transport = try Transport(
            address: try ServerAddress(identity.server), authority: identity.authority, configuration: configuration)
        tokens = TokenCache(
            transport: transport, keys: keys, organisation: identity.organisation, replica: identity.replica)
    }

    /// Runs requests under the token, once more with a new one if the server asks for it: a token may end in between, but
    /// one that was just given and is not taken will not be taken the next time either.
    func authorised(_ work: @Sendable (String) async throws -> Void) async throws {
        let token = try await tokens.token()
        do {
            try await work(token)
        } catch let failure as Failure where failure.action == .authenticate {
            await tokens.forget(token)
            try await work(try await tokens.token())
        }
    }
}
