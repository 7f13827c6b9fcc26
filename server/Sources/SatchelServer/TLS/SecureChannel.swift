import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// HTTP/1.1 and HTTP/2 on TLS, under a guard that ends connections which lead nowhere, with a certificate that can change
/// while the server runs.
struct SecureChannel: ServerChildChannel {
    typealias Value = HTTP2UpgradeChannel.Value

    /// The one that new connections are made with. It is changed under a lock and never half.
    private final class Current: Sendable {
        let channel: Mutex<HTTP2UpgradeChannel>

        init(_ channel: HTTP2UpgradeChannel) { self.channel = Mutex(channel) }
    }

    private let current: Current
    private let settings: ConnectionGuard.Settings

    init(
        certificate: ReloadableCertificate, limits: ServerLimits, closing: ClosingSign,
        responder: @escaping HTTPChannelHandler.Responder
    ) throws {
        let http = Self.http(limits)
        let current = Current(
            try HTTP2UpgradeChannel(tlsConfiguration: certificate.tls, configuration: http, responder: responder))
        certificate.onChange { tls in
            let channel = try HTTP2UpgradeChannel(tlsConfiguration: tls, configuration: http, responder: responder)
            current.channel.withLock { $0 = channel }
        }
        self.current = current
        settings = ConnectionGuard.Settings(limits: limits, closing: closing)
    }

    private static func http(_ limits: ServerLimits) -> HTTP2UpgradeChannel.Configuration {
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        // Our own clients send four short headers; proxies add some.
        decoder.maxHeaderFieldSize = 16 * 1024
        decoder.maxHeaderListSize = 32 * 1024
        decoder.maxHeaderFieldCount = 100
        return HTTP2UpgradeChannel.Configuration(
            idleTimeout: limits.requestIdle, gracefulCloseTimeout: limits.shutdown,
            streamConfiguration: HTTP1Channel.Configuration(
                idleTimeout: TimeAmount(limits.requestIdle), httpDecoderConfiguration: decoder))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let value = current.channel.withLock { $0 }.setup(channel: channel, logger: logger)
        do {
            let tls = try channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            try channel.pipeline.syncOperations.addHandler(ConnectionGuard(settings), position: .after(tls))
            try giveUpTheDead(channel)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return value
    }

    /// A laptop that was closed confirms nothing any more, and says no goodbye. The kernel would go on sending to it for a
    /// quarter of an hour.
    private func giveUpTheDead(_ channel: any Channel) throws {
        #if os(Linux)
            // TCP_USER_TIMEOUT, in milliseconds (tcp(7)); NIO has no name for it.
            let option = ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
            let limit = settings.limits.silentConnection.inSeconds * 1000
            try channel.syncOptions?.setOption(option, value: SocketOptionValue(limit))
        #endif
    }

    func handle(value: Value, logger: Logger) async {
        // Which of the channels handles a connection does not matter: they differ in nothing but the certificate.
        await current.channel.withLock { $0 }.handle(value: value, logger: logger)
    }
}

/// The certificate that new connections are given. Those that are open keep the one that they began with.
final class ReloadableCertificate: Sendable {
    private struct State {
        var tls: TLSConfiguration
        var changed: (@Sendable (TLSConfiguration) throws -> Void)?
    }

    private let state: Mutex<State>

    init(_ tls: TLSConfiguration) { state = Mutex(State(tls: tls)) }

    var tls: TLSConfiguration { state.withLock { $0.tls } }

    func onChange(_ changed: @escaping @Sendable (TLSConfiguration) throws -> Void) {
        state.withLock { $0.changed = changed }
    }

    func replace(_ tls: TLSConfiguration) throws {
        try state.withLock { state in
            try state.changed?(tls)
            state.tls = tls
        }
    }
}
