import Hummingbird
import SatchelProtocol

/// What a route asks of a request before its handler sees it.
enum Guard: Sendable {
    /// Anyone may ask.
    case none
    /// A token of a replica that is not revoked, of a user who is not disabled, at this moment.
    case token
}

/// How a route takes its body.
enum Handling: Sendable {
    /// Whole, at most so many bytes.
    case whole(bytes: Int, @Sendable (Exchange, Principal?, [UInt8]) async throws -> Response)
    /// In pieces, as they arrive, by someone known; at most so many bytes.
    case streamed(bytes: Int, @Sendable (Exchange, Principal, RequestBody) async throws -> Response)
}

struct Route: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let `guard`: Guard
    let handling: Handling

    init(_ method: HTTPRequest.Method, _ path: String, _ `guard`: Guard, _ handling: Handling) {
        self.method = method
        self.path = path
        self.guard = `guard`
        self.handling = handling
    }
}

/// Every route of the server.
struct RouteTable: Sendable {
    let identity: IdentityRoutes
    let push: PushRoute
    let pull: PullRoute
    let closing: ClosingSign

    var routes: [Route] {
        let small = Limits.unauthenticatedBytes
        return [
            Route(.get, "/v1/health", .none, .whole(bytes: 0) { _, _, _ in try health() }),
            Route(.post, "/v1/enrol", .none, .whole(bytes: small) { _, _, body in try await identity.enrol(body) }),
            Route(.post, "/v1/nonce", .none, .whole(bytes: small) { _, _, _ in try identity.nonce() }),
            Route(.post, "/v1/token", .none, .whole(bytes: small) { _, _, body in try await identity.token(body) }),
            Route(
                .post, "/v1/push", .token,
                .streamed(bytes: push.limits.pushBytes) { exchange, principal, body in
                    push.respond(exchange, principal, body: body)
                }),
            Route(
                .post, "/v1/pull", .token,
                .whole(bytes: small) { exchange, principal, body in
                    guard let principal else { throw IdentityFailure.token }
                    return try pull.respond(exchange, principal, body: body)
                }),
        ]
    }

    /// For load balancers: the process is up and takes requests. It asks the store nothing.
    private func health() throws -> Response {
        if closing.isUp { throw Failure.shuttingDown }
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"status":"ok"}"#)))
    }
}
