import SatchelCore
import SatchelProtocol
import SatchelWire

/// Keeps the short-lived token of one identity, and proves the device's key for a new one when it runs out.
actor TokenCache {
    private struct Held {
        let token: String
        let until: ContinuousClock.Instant
    }

    private let transport: Transport
    private let keys: any KeyStore
    private let organisation: String
    private let replica: ReplicaID
    private var held: Held?
    private var fetching: Task<Held, any Error>?

    init(transport: Transport, keys: any KeyStore, organisation: String, replica: ReplicaID) {
        self.transport = transport
        self.keys = keys
        self.organisation = organisation
        self.replica = replica
    }

    /// One that is good for some time yet. Callers that come while one is fetched share it.
    func token() async throws -> String {
        if let held, held.until > .now { return held.token }
        let task = fetching ?? Task { try await self.fetch() }
        fetching = task
        // Whoever comes first after the wait clears it; the token is the same for all.
        defer { if fetching == task { fetching = nil } }
        let fresh = try await task.value
        held = fresh
        return fresh.token
    }

    /// The server does not take this one any more.
    func forget(_ token: String) {
        if held?.token == token { held = nil }
    }

    private func fetch() async throws -> Held {
        do {
            return try await fetch(signedWith: .current)
        } catch let failure as Failure where failure.code == .proofInvalid {
            // A crash came between a new identity in the file and its key in the current place; or the nonce had run out.
            guard try keys.load(.candidate) != nil else { return try await fetch(signedWith: .current) }
            let fresh = try await fetch(signedWith: .candidate)
            try keys.promote()
            return fresh
        }
    }

    private func fetch(signedWith slot: KeySlot) async throws -> Held {
        let asked: NonceReply = try await transport.call(.nonce, [])
        let content = SignedContent.token(organisation: organisation, replica: replica, nonce: asked.nonce)
        let request = TokenRequest(replica: replica, nonce: asked.nonce, signature: try keys.sign(content, with: slot))
        let reply: TokenReply = try await transport.call(.token, try request.wireBytes())
        // Renewed when a tenth of its time is left, so that it does not run out on the way.
        return Held(token: reply.token, until: .now + .seconds(Double(reply.seconds) * 0.9))
    }
}
