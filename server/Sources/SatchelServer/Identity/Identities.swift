import Crypto
import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Synchronization

/// Who may come in: enrolment codes, the replicas that were enrolled with them, and the users behind those.
///
/// It works whether or not a server runs on the store; when one does, use the server's own (`SatchelServer.identities`), so
/// that what is changed here takes effect on connected replicas.
public final class Identities: Sendable {
    private let database: any DatabaseWriter
    private let path: String
    let organisation: String
    let now: ServerClock
    private let directory: Mutex<ReplicaDirectory>
    /// Lets a new replica's chain go on where that of its file's earlier identity was confirmed.
    private let succeed: @Sendable (ReplicaID, Predecessor) throws -> Void

    /// Reads every replica and user.
    /// - Throws: what the store throws.
    public convenience init(store: SQLiteServerStore, now: @escaping ServerClock = systemClock) throws {
        let users = try store.read { try $0.governance(at: $0.head().position).organisation.users }
        try self.init(
            database: store.pool, path: store.pool.path, organisation: store.organisation, users: Array(users.values), now: now
        ) { replica, previous in try store.write { try Succession.begin(replica, after: previous, in: $0) } }
    }

    init(
        database: any DatabaseWriter, path: String, organisation: String, users: [Organisation.User],
        now: @escaping ServerClock, succeed: @escaping @Sendable (ReplicaID, Predecessor) throws -> Void
    ) throws {
        self.database = database
        self.path = path
        self.organisation = organisation
        self.now = now
        self.succeed = succeed
        let replicas: [ReplicaID: ReplicaDirectory.Entry]
        do {
            replicas = try database.read(ReplicaTable.keys)
        } catch { throw SatchelError.storage(error, path: path) }
        directory = Mutex(ReplicaDirectory(replicas: replicas, users: users))
    }

    // MARK: For the admin

    /// Makes a code with which one device of the user may enrol, once, within 15 minutes.
    /// - Throws: `SatchelError` `.userUnknown` for a user who is not there or is disabled; what the store throws.
    public func issueCode(for user: String) throws -> IssuedCode {
        guard directory.withLock({ $0.isActive(user: user) }) else {
            throw SatchelError(
                .userUnknown, "There is no active user \(user).", remedy: "See `satcheld user list`, or add the user first.")
        }
        var random = SystemRandomNumberGenerator()
        let code = EnrolmentCode.random(using: &random)
        let now = now()
        let expires = now + UInt64(Limits.enrolmentCodeSeconds) * 1000
        try stored { try $0.write { try CodeTable.insert(code, user: user, expires: expires, now: now, $0) } }
        return IssuedCode(code: code.text, user: user, expiresMilliseconds: expires)
    }

    /// Every replica that was ever enrolled, the server's own writers too, in the order of enrolment.
    public func replicas() throws -> [EnrolledReplica] {
        try stored { try $0.read(ReplicaTable.all) }
    }

    /// Nothing more is taken from the replica or told to it. Repeating it changes nothing.
    /// - Throws: `SatchelError` `.notFound`; what the store throws.
    public func revoke(_ replica: ReplicaID) throws {
        let now = now()
        guard try stored({ try $0.write { try ReplicaTable.revoke(replica, now: now, $0) } }) else {
            throw SatchelError(.notFound, "There is no replica \(replica).", remedy: "See `satcheld replica list`.")
        }
        directory.withLock { $0.revoke(replica) }
    }

    /// Takes in what became of users; to be called with every change of the rules once it is durable.
    /// - Returns: users who are now disabled.
    @discardableResult
    public func apply(_ changes: [GovernanceChange]) -> [String] {
        directory.withLock { directory in
            changes.compactMap { change in
                guard case .user(let user) = change else { return nil }
                directory.set(user)
                return user.isDisabled ? user.id : nil
            }
        }
    }

    // MARK: For requests

    /// - Throws: `Failure`, the same for every code that is not good.
    func enrol(_ request: EnrolRequest) throws -> EnrolReply {
        guard let code = EnrolmentCode(request.code) else { throw IdentityFailure.code }
        let now = now()
        let outcome = try stored { database in
            try database.write { db in
                guard let user = try CodeTable.owner(of: code, now: now, db), isActive(user: user) else {
                    throw IdentityFailure.code
                }
                try Self.checkProof(request)
                if let previous = request.previous, let owner = try ReplicaTable.user(of: previous.replica, db), owner != user {
                    throw IdentityFailure.otherUser
                }
                try CodeTable.use(code, now: now, db)
                let replica = try ReplicaTable.insert(request, user: user, now: now, db)
                return (replica, user)
            }
        }
        if let previous = request.previous { try succeed(outcome.0, previous) }
        let entry = ReplicaDirectory.Entry(user: outcome.1, publicKey: request.publicKey, isRevoked: false)
        directory.withLock { $0.add(outcome.0, entry) }
        return EnrolReply(replica: outcome.0, user: outcome.1, organisation: organisation)
    }

    private static func checkProof(_ request: EnrolRequest) throws {
        let content = SignedContent.enrolment(code: request.code, publicKey: request.publicKey)
        guard isSigned(content, with: request.proof, by: request.publicKey) else { throw IdentityFailure.enrolmentProof }
    }

    /// Whoever holds the replica's key signed this nonce.
    /// - Throws: `Failure`: `.proofInvalid`, whatever of it was wrong; `.replicaRevoked` to the holder of the key alone.
    func prove(_ request: TokenRequest) throws(Failure) -> Principal {
        let entry = directory.withLock { $0.replicas[request.replica] }
        let content = SignedContent.token(organisation: organisation, replica: request.replica, nonce: request.nonce)
        // An unknown replica costs a verification too, so that the time does not tell.
        let isGood = Self.isSigned(content, with: request.signature, by: entry?.publicKey ?? Self.nobody)
        guard isGood, let entry else { throw IdentityFailure.proof }
        let principal = Principal(replica: request.replica, user: entry.user)
        try check(principal)
        return principal
    }

    /// That a principal may do something at this very moment.
    /// - Throws: `Failure` `.replicaRevoked`, or `.tokenInvalid` if the replica is not (or no longer) one of ours.
    func check(_ principal: Principal) throws(Failure) {
        let (entry, isActive) = directory.withLock {
            ($0.replicas[principal.replica], $0.isActive(principal.replica))
        }
        guard let entry, let isActive, entry.user == principal.user else { throw IdentityFailure.token }
        if !isActive { throw IdentityFailure.revoked }
    }

    private func isActive(user: String) -> Bool { directory.withLock { $0.isActive(user: user) } }

    private static let nobody = Array(Curve25519.Signing.PrivateKey().publicKey.rawRepresentation)

    private static func isSigned(_ content: [UInt8], with signature: [UInt8], by key: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
        return key.isValidSignature(signature, for: content)
    }

    private func stored<T>(_ body: (any DatabaseWriter) throws -> T) throws -> T {
        do { return try body(database) } catch { throw SatchelError.storage(error, path: path) }
    }
}

/// A one-time code as it is given to a person; nobody can read it back from the server.
public struct IssuedCode: Sendable, Hashable {
    /// `XXXX-XXXX-XXXX-XXXX`
    public let code: String
    public let user: String
    /// Since 1970.
    public let expiresMilliseconds: UInt64
}

/// A replica as the admin sees it.
public struct EnrolledReplica: Sendable, Hashable {
    public let replica: ReplicaID
    public let user: String
    /// What the device called itself.
    public let device: String
    /// Milliseconds since 1970.
    public let enrolledMilliseconds: UInt64
    /// Nil while it is not revoked.
    public let revokedMilliseconds: UInt64?
    /// The identity that the same file had before.
    public let previous: ReplicaID?
}
