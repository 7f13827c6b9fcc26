import Foundation
import JWTKit
import SatchelCore
import SatchelProtocol
import Synchronization

/// Short-lived tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256 under the server's own key. They say who was
/// proven to be at the other end, and until when; whether that one may still do anything is asked at every request.
struct Tokens: Sendable {
    /// What the token says. Names of one server's own, but for the registered `sub`, `aud` and `exp`.
    private struct Claims: JWTPayload {
        let sub: String
        let aud: String
        /// Seconds since 1970.
        let exp: UInt64
        let replica: String

        // The time is checked against the server's own clock, by `verify(_:)`.
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private let keys: JWTKeyCollection
    private let organisation: String
    private let now: ServerClock

    init(secret: [UInt8], organisation: String, now: @escaping ServerClock) async {
        keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        self.organisation = organisation
        self.now = now
    }

    func issue(to principal: Principal) async throws -> TokenReply {
        let claims = Claims(
            sub: principal.user, aud: organisation, exp: now() / 1000 + UInt64(Limits.tokenSeconds),
            replica: principal.replica.description)
        return TokenReply(token: try await keys.sign(claims), seconds: Limits.tokenSeconds)
    }

    /// - Parameter header: the request's `Authorization`.
    /// - Throws: `Failure` `.tokenInvalid`, the same whatever is wrong.
    func verify(_ header: String?) async throws(Failure) -> Principal {
        let scheme = "bearer "
        guard let header, header.prefix(scheme.count).lowercased() == scheme else { throw IdentityFailure.token }
        let claims: Claims
        do {
            claims = try await keys.verify(String(header.dropFirst(scheme.count)), as: Claims.self)
        } catch { throw IdentityFailure.token }
        guard claims.aud == organisation, now() / 1000 < claims.exp, let replica = ReplicaID(claims.replica) else {
            throw IdentityFailure.token
        }
        return Principal(replica: replica, user: claims.sub)
    }
}

/// The nonce book behind a lock, with the system's random numbers.
final class Nonces: Sendable {
    private let book = Mutex(NonceBook())
    private let now: ServerClock

    init(now: @escaping ServerClock) { self.now = now }

    func issue() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return book.withLock { $0.issue(now: now(), using: &random) }
    }

    func redeem(_ nonce: [UInt8]) -> Bool { book.withLock { $0.redeem(nonce, now: now()) } }
}
