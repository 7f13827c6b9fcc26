/// Every limit of the protocol and of what it carries, with its reason. Both sides check them; the server never relies on
/// a client having done so. Relations between them are asserted in the tests.
public enum Limits {
    /// The version of the wire that this code speaks; `protocol/VERSIONS.md` has their history.
    public static let wireVersion = 1

    /// One length-delimited frame. Large enough for one value of the greatest size with its row; small enough to buffer
    /// for each of thousands of connections.
    public static let frameBytes = 4 * 1024 * 1024
    /// One text or blob value. A note or a signature image fits; a film belongs in an attachment store.
    public static let valueBytes = 1024 * 1024
    /// One transaction's payload. Below a frame, so that a transaction always fits one.
    public static let transactionBytes = 3 * 1024 * 1024
    /// Row changes in one transaction: bounds the time that one ingest holds the log's head.
    public static let transactionChanges = 10_000
    /// Cells in one transaction. NULLs take no bytes, so that the payload's size alone does not bound what it grows to when
    /// decoded; and with this bound the verdicts of the greatest transaction still fit a frame.
    public static let transactionCells = 500_000
    /// Payload bytes that a client puts into one push request before it waits for the answer.
    public static let pushRequestBytes = 2 * 1024 * 1024
    /// Transactions in one push request.
    public static let pushRequestTransactions = 1_000
    /// The whole body of one push request: what fits the two limits above, one greatest transaction and the framing.
    public static let pushBodyBytes = 8 * 1024 * 1024
    /// Verdict exceptions of several transactions in one frame: with reasons of a few hundred bytes each they stay below one.
    public static let frameExceptions = 5_000
    /// Bytes of the heads that a conflict tells of one cell: what fits a frame beside others. Further losers stay on the server.
    public static let conflictBytes = 3 * 1024 * 1024
    /// Roots that one row may hang under when it is written: placing a chain of rows that each place themselves costs the
    /// square of its length. Well above the hundred memberships that are designed for.
    public static let rowRoots = 256
    /// Transactions that the server commits under one fsync: more would delay the first for the last.
    public static let groupTransactions = 256
    /// Rows in one row batch: enough that the per-batch names cost nothing, few enough to start showing progress.
    public static let batchRows = 1_000
    /// Bytes of values in one row batch; a batch closes at whichever bound comes first, and one greatest row still fits a frame.
    public static let batchBytes = 1024 * 1024
    /// Messages nested in one frame: protobuf makes some hundred bytes of memory from each two that it reads.
    public static let frameParts = 250_000
    /// Fields of one table: the width of a field set.
    public static let tableFields = 256
    /// Tables of one schema. Dynamics and Siebel deployments sync a few hundred.
    public static let schemaTables = 512
    /// Roles of one policy: the width of a role set.
    public static let policyRoles = 256
    /// Bytes of a table's or field's name: SQLite and PostgreSQL identifiers, with room for our prefixes (63 in PostgreSQL).
    public static let nameBytes = 48
    /// Bytes of a territory's or user's id.
    public static let scopeNameBytes = 128
    /// Memberships of one row (DESIGN §6).
    public static let rowMemberships = 100
    /// References followed to find a row's roots; the loader refuses deeper schemas, cycles stop at it.
    public static let throughDepth = 16
    /// Bytes of an unauthenticated request's body: enrolment and tokens are small.
    public static let unauthenticatedBytes = 8 * 1024
    /// Outstanding nonces for token proofs; the oldest goes first, so that asking for many costs only their asker.
    public static let nonces = 10_000
    /// How long a nonce may be signed.
    public static let nonceSeconds = 60
    /// How long an enrolment code may be used (COMMANDS.md).
    public static let enrolmentCodeSeconds = 15 * 60
    /// How long a token is good for: short, since revocation also cuts it at once.
    public static let tokenSeconds = 10 * 60
    /// Between heartbeats on a live pull: below the 30 to 60 seconds after which proxies cut silent connections.
    public static let heartbeatSeconds = 20
    /// A client that heard nothing for this long on a live pull connects anew: three heartbeats.
    public static let silenceSeconds = 60
    /// How long a connection may take over its TLS handshake: one that connects and says nothing holds a socket no longer.
    public static let handshakeSeconds = 10
    /// How long a request's head, or the next part of its body, may take.
    public static let requestIdleSeconds = 30
    /// How long the body of enrol, nonce, token or pull may take in all: 8 KiB on the poorest line, and an end to whoever sends a
    /// byte now and then.
    public static let smallBodySeconds = 30
    /// How long a shutdown waits for what is in flight (COMMANDS.md: exit within 10 s).
    public static let shutdownSeconds = 6
    /// Bytes of a running hash (SHA-256).
    public static let hashBytes = 32
    /// Bytes of a cursor's seal: a truncated HMAC-SHA-256 (RFC 2104 §5), beyond guessing online.
    public static let sealBytes = 16
    /// Bytes of a device's public key (Ed25519, RFC 8032).
    public static let publicKeyBytes = 32
}
