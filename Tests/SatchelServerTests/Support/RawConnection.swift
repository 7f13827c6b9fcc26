import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection that says what it is told to, and nothing else: no HTTP library's good manners.
final class RawConnection: Sendable {
    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        let bytes = Mutex<[UInt8]>([])

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            bytes.withLock { $0 += buffer.readableBytesView }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Stands below TLS, and can add a record to what is sent that nobody can decrypt.
    private final class Spoiler: ChannelOutboundHandler, Sendable {
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        let isNext = Mutex(false)

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            var buffer = unwrapOutboundIn(data)
            let spoil = isNext.withLock { isNext in
                defer { isNext = false }
                return isNext
            }
            if spoil { buffer.writeBytes([0x17, 0x03, 0x03, 0x00, 0x20] + [UInt8](repeating: 0x55, count: 32)) }
            context.write(wrapOutboundOut(buffer), promise: promise)
        }
    }

    private let channel: any Channel
    private let collector: Collector
    private let spoiler: Spoiler

    private init(_ channel: any Channel, _ collector: Collector, _ spoiler: Spoiler) {
        self.channel = channel
        self.collector = collector
        self.spoiler = spoiler
    }

    /// The next packet ends with a broken TLS record.
    func spoilNext() { spoiler.isNext.withLock { $0 = true } }

    static func plain(_ server: TestServer) async throws -> RawConnection { try await open(server.port, nil) }

    static func secure(_ server: TestServer, protocols: [String]) async throws -> RawConnection {
        try await secure(port: server.port, authority: server.authority, protocols: protocols)
    }

    static func secure(port: Int, authority: String, protocols: [String]) async throws -> RawConnection {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(authority)
        tls.applicationProtocols = protocols
        return try await open(port, tls)
    }

    private static func open(_ port: Int, _ tls: TLSConfiguration?) async throws -> RawConnection {
        let collector = Collector()
        let spoiler = Spoiler()
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(spoiler)
                    if let context {
                        let handler = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(collector)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel, collector, spoiler)
    }

    var received: [UInt8] { collector.bytes.withLock { $0 } }
    var text: String { String(decoding: received, as: UTF8.self) }
    var isOpen: Bool { channel.isActive }

    /// Leaves everything that is sent from now on where it is.
    func stopReading() async throws {
        // The handshake is over once something was written.
        try await send([])
        try await channel.setOption(.autoRead, value: false).get()
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
    func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    func close() async throws { try await channel.close() }
}
