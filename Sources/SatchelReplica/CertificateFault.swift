import NIOCore
import NIOPosix
import NIOSSL
import SatchelPolicy
import SatchelProtocol

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A server's certificate that did not verify. The TLS library says only that, so the certificate is looked at once more, to
/// tell a person which check failed and whether the device's own clock is to blame.
enum CertificateFault: Error {
    case notVerified(cause: String)
    case wrongName(cause: String)

    func explained(address: ServerAddress, authority: [NIOSSLCertificate], timeout: Duration) async -> SatchelError {
        switch self {
        case .wrongName(let cause):
            return SatchelError(
                .certificateInvalid, "The certificate at \(address) is for another host name than \(address.host).",
                remedy: "Use the name that the admin gave, or ask for a certificate that names \(address.host).", cause: cause)
        case .notVerified(let cause):
            // The machine's own clock: TLS went by it, whatever the replica was given.
            let now = Int64(clamping: SystemClock().reading().wallMilliseconds)
            let shown = await PeerCertificates.fetch(address, timeout: timeout)
            if shown.isEmpty {
                return SatchelError(
                    .certificateInvalid,
                    "The certificate at \(address) does not verify, and could not be looked at again to tell why.",
                    remedy: "Try again; the next attempt may tell.", cause: cause)
            }
            if let fault = Self.validity(of: shown, what: "The certificate at \(address)", now: now, cause: cause) {
                return fault
            }
            if let fault = Self.validity(of: authority, what: "The CA that this replica trusts", now: now, cause: cause) {
                return fault
            }
            return SatchelError(
                .certificateInvalid, "The certificate at \(address) was not issued by the CA that this replica trusts.",
                remedy: "Ask the admin whether the CA changed, and enrol with the new CA file; if it did not, do not connect: "
                    + "someone may be in between.", cause: cause)
        }
    }

    /// - Parameter now: milliseconds since 1970.
    static func validity(of certificates: [NIOSSLCertificate], what: String, now: Int64, cause: String) -> SatchelError? {
        for certificate in certificates {
            let from = Int64(certificate.notValidBefore) * 1000
            let until = Int64(certificate.notValidAfter) * 1000
            if let fault = validity(from: from, until: until, what: what, now: now, cause: cause) { return fault }
        }
        return nil
    }

    static func validity(from: Int64, until: Int64, what: String, now: Int64, cause: String) -> SatchelError? {
        let here = CivilTime.text(now) ?? "an impossible time"
        if now < from {
            return SatchelError(
                .certificateInvalid,
                "\(what) is not valid before \(CivilTime.text(from) ?? "a later time"), but this device's clock says \(here).",
                remedy: "The clock is probably wrong: set it and try again.", cause: cause)
        }
        if now > until {
            return SatchelError(
                .certificateInvalid,
                "\(what) expired at \(CivilTime.text(until) ?? "an earlier time"); this device's clock says \(here).",
                remedy: "If the clock is wrong, set it; if it is right, ask the admin for a new certificate.", cause: cause)
        }
        return nil
    }
}

/// Asks a server for its certificates and hangs up without having trusted them with anything.
enum PeerCertificates {
    /// - Returns: the leaf first; empty when they could not be had.
    static func fetch(_ address: ServerAddress, timeout: Duration) async -> [NIOSSLCertificate] {
        let limit = TimeAmount.nanoseconds(timeout.wholeNanoseconds)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let shown = loop.makePromise(of: [NIOSSLCertificate].self)
        let deadline = loop.scheduleTask(in: limit) { shown.succeed([]) }
        let connection = ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(try handler(address, shown))
                    channel.closeFuture.whenComplete { _ in shown.succeed([]) }
                }
            }
            .connect(host: address.host, port: address.port)
        connection.whenFailure { _ in shown.succeed([]) }
        let certificates = (try? await shown.futureResult.get()) ?? []
        deadline.cancel()
        connection.whenSuccess { $0.close(promise: nil) }
        return certificates
    }

    private static func handler(
        _ address: ServerAddress, _ shown: EventLoopPromise<[NIOSSLCertificate]>
    ) throws -> NIOSSLClientHandler {
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        return try NIOSSLClientHandler(
            context: context, serverHostname: isNumeric(address.host) ? nil : address.host,
            customVerificationCallback: { certificates, verdict in
                shown.succeed(certificates)
                verdict.succeed(.failed)
            })
    }

    /// An IP address has no place in TLS's server name (RFC 6066 §3).
    private static func isNumeric(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return inet_pton(AF_INET, bare, &four) == 1 || inet_pton(AF_INET6, bare, &six) == 1
    }
}
