/// Bounds on what happens in the data folder and at its socket.
enum AdminLimits {
    /// One request or reply: a batch of an import (`ImportLimits.batchBytes` and one greatest row) with every byte escaped in JSON.
    static let frameBytes = 24 * 1024 * 1024
    /// Connections to the socket at a time: commands of a person and of scripts.
    static let connections = 16
    /// How long a command waits for another one that works on the folder without a server.
    static let lockWaitSeconds = 10
    /// How long a server that starts waits for such a command.
    static let serveWaitSeconds = 3
    /// How long a connection may take over the rest of a request that it has begun, or over taking its reply.
    static let transferSeconds = 30
    /// Bytes of a certificate chain or key.
    static let certificateBytes = 1024 * 1024
    /// Levels of the territory tree, as for the file that began it.
    static let territoryDepth = 64
    /// Bytes of the name of a territory or user as people read it.
    static let displayNameBytes = 256
    /// Between looks at the wall clock while a grant is scheduled: it may be set forward or back.
    static let clockSeconds = 30
}
