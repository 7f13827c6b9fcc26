import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A server that answers as a test says: HTTP/1.1 over TLS, made of NIO alone.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var path: String
        var token: String?
        var body: [UInt8]
    }

    enum Ending: Sendable {
        case complete
        /// The connection is closed in the middle.
        case cut
        /// Nothing more comes, and the connection stays.
        case silence
    }

    struct Reply: Sendable {
        var status = HTTPResponseStatus.ok
        var type = "application/vnd.satchel.v1+protobuf"
        var body: AsyncStream<[UInt8]>
        var ending = Ending.complete

        init(_ bytes: [UInt8], ending: Ending = .complete) {
            body = AsyncStream { continuation in
                if !bytes.isEmpty { continuation.yield(bytes) }
                continuation.finish()
            }
            self.ending = ending
        }

        init(stream: AsyncStream<[UInt8]>) { body = stream }
    }

    typealias Script = @Sendable (Request) async -> Reply

    let port: Int
    private let channel: any Channel
    private let connections: Connections

    init(_ tls: TLSConfiguration, script: @escaping Script) async throws {
        let context = try NIOSSLContext(configuration: tls)
        let connections = Connections()
        self.connections = connections
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                connections.add(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let operations = channel.pipeline.syncOperations
                    try operations.addHandler(NIOSSLServerHandler(context: context))
                    try operations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try operations.addHandler(ScriptHandler(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var url: String { "https://127.0.0.1:\(port)" }

    /// As a process that is killed: the port is closed, and so is every connection.
    func stop() async throws {
        try await channel.close().get()
        connections.closeAll()
    }

    private final class Connections: Sendable {
        private let channels = Mutex<[any Channel]>([])
        func add(_ channel: any Channel) { channels.withLock { $0.append(channel) } }
        func closeAll() { for channel in channels.withLock({ $0 }) { channel.close(promise: nil) } }
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: ScriptedServer.Script
    private var request = ScriptedServer.Request(path: "", token: nil, body: [])

    init(_ script: @escaping ScriptedServer.Script) { self.script = script }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let bearer = head.headers.first(name: "authorization")
            request = ScriptedServer.Request(
                path: head.uri, token: bearer.map { String($0.dropFirst("Bearer ".count)) }, body: [])
        case .body(let buffer): request.body.append(contentsOf: buffer.readableBytesView)
        case .end:
            let (script, request, channel) = (script, request, context.channel)
            Task { @Sendable in
                let reply = await script(request)
                await Self.answer(reply, channel)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func answer(_ reply: ScriptedServer.Reply, _ channel: any Channel) async {
        var headers = HTTPHeaders([("content-type", reply.type)])
        headers.add(name: "transfer-encoding", value: "chunked")
        do {
            try await channel.writeAndFlush(
                HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)))
            for await bytes in reply.body {
                try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))))
            }
            switch reply.ending {
            case .complete: try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
            case .cut: try await channel.close()
            case .silence: break
            }
        } catch {
            channel.close(promise: nil)
        }
    }
}
