import Hummingbird
import Logging
import SatchelProtocol

/// Takes each request through its route's guards to its handler, and turns whatever goes wrong on the way into an answer.
struct ServerResponder: HTTPResponder {
    typealias Context = ServerRequestContext

    private struct Key: Hashable {
        let method: HTTPRequest.Method
        let path: String
    }

    private let routes: [Key: Route]
    private let tokens: Tokens
    private let identities: Identities
    private let limits: ServerLimits

    init(table: RouteTable, tokens: Tokens, identities: Identities, limits: ServerLimits) {
        routes = Dictionary(table.routes.map { (Key(method: $0.method, path: $0.path), $0) }) { first, _ in first }
        self.tokens = tokens
        self.identities = identities
        self.limits = limits
    }

    func respond(to request: Request, context: ServerRequestContext) async throws -> Response {
        let exchange = Exchange(request: request, context: context)
        do {
            return try await handle(exchange)
        } catch let error as BodyBytes.Endless {
            throw error
        } catch {
            let failure = Failure(reporting: error)
            if failure.isInside {
                context.logger.error("A request failed.", metadata: ["path": "\(request.uri.path)", "cause": "\(error)"])
            }
            return Answer.failure(failure, unread: exchange.body.take(), discarding: limits.discardedBytes)
        }
    }

    private func handle(_ exchange: Exchange) async throws -> Response {
        guard let route = routes[Key(method: exchange.request.method, path: exchange.request.uri.path)] else {
            throw Failure(code: .notFound, message: "There is nothing at that address.", action: .giveUp)
        }
        var principal: Principal?
        if case .token = route.guard { principal = try await authenticate(exchange.request) }
        switch route.handling {
        case .whole(let limit, let handler):
            try checkLength(exchange.request, limit)
            guard let body = exchange.body.take() else { throw IdentityFailure.token }
            let bytes = try await BodyBytes.collect(
                body, upTo: limit, discarding: limits.discardedBytes, within: limits.smallBody, from: exchange.context.channel)
            return try await handler(exchange, principal, bytes)
        case .streamed(let limit, let handler):
            try checkLength(exchange.request, limit)
            guard let principal, let body = exchange.body.take() else { throw IdentityFailure.token }
            return try await handler(exchange, principal, body)
        }
    }

    private func authenticate(_ request: Request) async throws(Failure) -> Principal {
        let principal = try await tokens.verify(request.headers[.authorization])
        try identities.check(principal)
        return principal
    }

    /// What says itself that it is too long need not be read first.
    private func checkLength(_ request: Request, _ limit: Int) throws {
        guard let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit else { return }
        throw BodyBytes.tooLarge(limit)
    }
}
