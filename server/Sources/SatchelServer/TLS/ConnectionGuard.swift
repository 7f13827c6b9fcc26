import NIOCore
import NIOTLS
import Synchronization

/// Says that the server is closing. Set before connections are told, for those that are being accepted at that moment.
final class ClosingSign: Sendable {
    private let isSet = Atomic(false)
    private let isAbandoned = Atomic(false)

    /// - Returns: whether this call was the one that set it.
    @discardableResult func set() -> Bool { !isSet.exchange(true, ordering: .acquiringAndReleasing) }
    var isUp: Bool { isSet.load(ordering: .acquiring) }

    /// Nobody takes requests any more, not even to refuse them.
    func abandon() { isAbandoned.store(true, ordering: .releasing) }
    var isDeaf: Bool { isAbandoned.load(ordering: .acquiring) }
}

/// Ends connections that lead nowhere: one that connects and says nothing, one on which no byte moves, and at a shutdown
/// whatever is left when its time is up. It stands between TLS and HTTP, so that it sees both versions alike.
///
/// What arrives after a connection failed, or while it is being closed, or when nobody takes requests any more, goes no
/// further: HTTP/2 would open a stream of it, and NIO ends the process when a stream is dropped that nobody ever took.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct Settings: Sendable {
        let limits: ServerLimits
        let closing: ClosingSign
    }

    private let settings: Settings
    private var isSecure = false
    private var isDeaf = false
    private var lastByte = NIODeadline.now()
    private var handshake: Scheduled<Void>?
    private var silence: Scheduled<Void>?
    private var end: Scheduled<Void>?

    init(_ settings: Settings) { self.settings = settings }

    func handlerAdded(context: ChannelHandlerContext) {
        handshake = schedule(settings.limits.handshake, context) { $0.close(promise: nil) }
        watch(for: settings.limits.silentConnection, context)
        if settings.closing.isUp { context.eventLoop.assumeIsolated().execute { context.close(promise: nil) } }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        for task in [handshake, silence, end] { task?.cancel() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isDeaf { return }
        if settings.closing.isDeaf { return context.close(promise: nil) }
        lastByte = .now()
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        lastByte = .now()
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isDeaf = true
        context.fireErrorCaught(error)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { isDeaf = true }
        context.close(mode: mode, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            isSecure = true
            handshake?.cancel()
        }
        if event is ChannelShouldQuiesceEvent { quiesce(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Nothing is in flight before the handshake is over; after it, what is has its time.
    private func quiesce(_ context: ChannelHandlerContext) {
        guard isSecure else { return context.close(promise: nil) }
        if end == nil { end = schedule(settings.limits.shutdown, context) { $0.close(promise: nil) } }
    }

    private func watch(for limit: Duration, _ context: ChannelHandlerContext) {
        silence = schedule(limit, context) { context in
            let silent = NIODeadline.now() - self.lastByte
            if silent >= TimeAmount(self.settings.limits.silentConnection) {
                context.close(promise: nil)
            } else {
                self.watch(for: self.settings.limits.silentConnection - .nanoseconds(silent.nanoseconds), context)
            }
        }
    }

    private func schedule(
        _ delay: Duration, _ context: ChannelHandlerContext, _ action: @escaping (ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        // The tasks are cancelled with the handler, so that they never meet a context that is no more.
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { action(context) }
    }
}
