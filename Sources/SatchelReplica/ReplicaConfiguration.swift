import Logging
import SatchelProtocol

/// How a replica behaves on its device. The defaults are right for an app; tests shorten the waits.
public struct ReplicaConfiguration: Sendable {
    /// How long connecting may take, the TLS handshake included.
    public var connectTimeout: Duration = .seconds(10)
    /// How long a reply's head may take, and the silence between two parts of any reply that is not live.
    public var replyTimeout: Duration = .seconds(30)
    /// The silence after which a live pull counts as dead: three of the server's heartbeats.
    public var silenceTimeout: Duration = .seconds(Limits.silenceSeconds)
    /// How long one `sync()` may wait, altogether, for a server that asks it to come back later.
    public var patience: Duration = .seconds(30)
    /// How often one `sync()` begins again after the connection broke in the middle.
    public var attempts = 5
    /// How often writes by other programs are looked for, while something observes or a live pull runs.
    public var pollInterval: Duration = .milliseconds(200)
    /// Bytes of one pull that are held in memory before the rest goes to a nameless file in the replica's folder.
    public var pullMemoryBytes = 8 * 1024 * 1024
    /// The device's clocks.
    public var clock: any DeviceClock = SystemClock()
    /// What went wrong and was mended on the way: broken connections, restarts. Never the values of cells.
    public var logger = Logger(label: "satchel.replica") { _ in SwiftLogNoOpLogHandler() }

    public init() {}
}
