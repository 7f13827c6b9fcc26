/// Where a server listens, with which certificate, and how patient it is.
public struct ServerConfiguration: Sendable {
    /// An address of this machine, or a name that resolves to one.
    public var host: String
    /// 0 picks a free one; the ready callback tells which.
    public var port: Int
    /// PEM files: the certificate with its chain, and its private key.
    public var certificate: String
    public var privateKey: String
    public var limits: ServerLimits

    public init(
        host: String = "127.0.0.1", port: Int = 7443, certificate: String, privateKey: String,
        limits: ServerLimits = ServerLimits()
    ) {
        self.host = host
        self.port = port
        self.certificate = certificate
        self.privateKey = privateKey
        self.limits = limits
    }

    /// With the certificate that lies in a data folder's `tls`.
    public init(dataFolder: String, host: String = "127.0.0.1", port: Int = 7443) {
        self.init(
            host: host, port: port, certificate: DevelopmentCertificates.certificatePath(in: dataFolder),
            privateKey: DevelopmentCertificates.keyPath(in: dataFolder))
    }
}
