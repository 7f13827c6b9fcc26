import Hummingbird
import Logging
import NIOCore
import Synchronization

/// What Hummingbird gives for each request.
struct ServerRequestContext: InitializableFromSource, Sendable {
    /// The connection, or with HTTP/2 the stream: what to close when a client must be cut.
    let channel: any Channel
    let logger: Logger

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}

/// One request on its way through its guards to its handler.
struct Exchange: Sendable {
    let request: Request
    let context: ServerRequestContext
    let body: UnreadBody
    /// From the token; nil where the route asks for none.
    var principal: Principal?

    init(request: Request, context: ServerRequestContext) {
        self.request = request
        self.context = context
        body = UnreadBody(request.body)
    }
}

/// A request's body, which can be read once. Whoever answers knows whether it still is to be read.
final class UnreadBody: Sendable {
    private let body: Mutex<RequestBody?>

    init(_ body: RequestBody) { self.body = Mutex(body) }

    /// Nil the second time.
    func take() -> RequestBody? {
        body.withLock { body in
            defer { body = nil }
            return body
        }
    }
}
