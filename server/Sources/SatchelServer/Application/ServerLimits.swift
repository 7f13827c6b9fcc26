import SatchelProtocol

/// How much the server's own side bears: what `Limits` does not say because no client needs to know it. Tests shorten the
/// times; nothing else changes them.
public struct ServerLimits: Sendable {
    /// A connection that says nothing is closed after this.
    public var handshake: Duration = .seconds(Limits.handshakeSeconds)
    /// A request's head, or the next part of its body, may take this long; a connection without a request, too.
    public var requestIdle: Duration = .seconds(Limits.requestIdleSeconds)
    /// A body that is taken whole is there after this, or the connection is cut.
    public var smallBody: Duration = .seconds(Limits.smallBodySeconds)
    /// A connection on which no byte moved either way is closed after this: beyond the idle time, after which HTTP/2 asks
    /// its client to go, and beyond three heartbeats, so that no live stream is meant.
    public var silentConnection: Duration = .seconds(Limits.requestIdleSeconds + Limits.silenceSeconds)
    /// At a shutdown, connections that are still there after this are closed, whatever they are at.
    public var shutdown: Duration = .seconds(Limits.shutdownSeconds)
    /// TLS waits this long for the other side's goodbye; with `shutdown` before it stays below the 10 s of COMMANDS.md.
    public var closing: Duration = .seconds(1)
    public var heartbeat: Duration = .seconds(Limits.heartbeatSeconds)

    /// Connections at once, of all kinds: 10,000 replicas (DESIGN §6), at some 35 KB each, and some that come and go. Beyond
    /// it they wait unaccepted. The system's limit on open files may set it lower.
    public var connections = 12_000
    /// Open files that are not connections: the store's, the certificates', the log's.
    public var otherFiles = 128
    /// Passes of pulls that hold a snapshot of the store at once; more wait. First loads, which a slow line holds up for long,
    /// have places of their own, so that they never stand before those who only want what is new. Together they are fewer
    /// than the store's readers, so that a push always finds one.
    public var passes = 8
    public var firstLoads = 8
    /// Pushes and pulls that one replica may have open: an app and a command line on one file, each with a push and a live
    /// pull, and two that broke without anyone having noticed yet. Below `firstLoads`, so that one device never takes all
    /// places.
    public var streamsOfReplica = 6
    /// Passes that one replica may have at work or in line: two streams and two that broke. It counts until a pass is really over,
    /// which `streamsOfReplica` does not, so that whoever opens pull after pull takes no more places than these.
    public var passesOfReplica = 4
    /// Transactions of one push request. What came before stands.
    public var pushTransactions = Limits.pushRequestTransactions
    /// Bytes of one push request, likewise.
    public var pushBytes = Limits.pushBodyBytes
    /// Encoded frames between a pass and its connection: one batch in flight and one ready. A single frame may exceed it.
    public var passBytes = 2 * Limits.batchBytes
    /// A reader that takes nothing for this long is cut: it holds a snapshot that others wait for.
    public var stall: Duration = .seconds(20)
    /// One that takes a little now and then is cut when it has cost more waiting than this and a second for each
    /// `slowestBytesPerSecond` that it took. Below a poor mobile line, so that it is only ever a fault or an attack.
    public var patience: Duration = .seconds(30)
    public var slowestBytesPerSecond = 8 * 1024

    /// Transactions, and their payload bytes, that wait to be committed; beyond it pushes are told to come back.
    public var waitingTransactions = 32 * Limits.groupTransactions
    public var waitingBytes = 64 * 1024 * 1024
    /// Payload bytes under one fsync: more would delay the first for the last.
    public var groupBytes = 8 * 1024 * 1024
    /// A body that is refused is read on and thrown away up to here, so that its sender hears why; then it is cut.
    public var discardedBytes = 2 * Limits.pushBodyBytes

    public init() {}
}
