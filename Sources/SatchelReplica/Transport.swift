import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import SatchelProtocol
import SatchelWire

/// One server, reached over TLS with the organisation's own certificate authority as the only root of trust, by
/// HTTP/1.1.
///
/// It throws the server's own `Failure` when there is one, and otherwise a `SatchelError` (see `TransportFault`).
final class Transport: Sendable {
    let address: ServerAddress
    private let client: HTTPClient
    private let authority: [NIOSSLCertificate]
    private let configuration: ReplicaConfiguration

    /// - Parameter authority: PEM text.
    init(address: ServerAddress, authority: String, configuration: ReplicaConfiguration) throws {
        self.address = address
        self.configuration = configuration
        self.authority = try CertificateAuthority.certificates(in: authority, named: "the CA kept with this replica")
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(self.authority)
        tls.minimumTLSVersion = .tlsv12
        var settings = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        settings.timeout = .init(connect: .nanoseconds(configuration.connectTimeout.wholeNanoseconds))
        // Its HTTP/2 traps when a connection is shut down while a request on it fails (AsyncHTTPClient 1.37), and an app must
        // never end that way; one request at a time gains nothing by it.
        settings.httpVersion = .http1Only
        // The client's own retries would hide for its whole time limit that a server is not there.
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    deinit {
        // The client insists on being shut down, and that waits for its connections.
        let client = client
        Task.detached { try? await client.shutdown() }
    }

    /// One message for one message.
    func call<Reply: WireCodable>(_ endpoint: Endpoint, _ message: [UInt8], token: String? = nil) async throws -> Reply {
        try await exchange(endpoint, message, token: token, limit: configuration.replyTimeout) { response, watchdog in
            return try Reply(wireBytes: try await Self.collect(response, watchdog))
        }
    }

    /// One request for a stream of frames, each given to `receive` before the next is read.
    ///
    /// - Parameters:
    ///   - limit: how long the server may be silent.
    ///   - receive: false to stop reading, which closes the request.
    func stream(
        _ endpoint: Endpoint, _ body: [UInt8], token: String, limit: Duration,
        receive: @escaping @Sendable ([UInt8]) async throws -> Bool
    ) async throws {
        try await exchange(endpoint, body, token: token, limit: limit) { response, watchdog in
            var splitter = FrameSplitter()
            for try await part in response.body {
                splitter.append(part.readableBytesView)
                watchdog.working()
                while let frame = try splitter.next() {
                    guard try await Unchanged.wrap({ try await receive(frame) }) else { return }
                }
                watchdog.heard()
            }
            try Task.checkCancellation()
            try splitter.finish()
        }
    }

    private func exchange<Result: Sendable>(
        _ endpoint: Endpoint, _ body: [UInt8], token: String?, limit: Duration,
        _ read: @escaping @Sendable (HTTPClientResponse, Watchdog) async throws -> Result
    ) async throws -> Result {
        do {
            return try await withWatchdog(
                limit: limit,
                timeout: { [address] in TransportFault.unreachable("The server at \(address) does not answer.") },
                { [self] watchdog in
                    let response = try await send(endpoint, body, token: token, watchdog)
                    return try await TransportFault.inBody(address) { try await read(response, watchdog) }
                })
        } catch let fault as CertificateFault {
            throw await fault.explained(address: address, authority: authority, timeout: configuration.connectTimeout)
        }
    }

    private func send(
        _ endpoint: Endpoint, _ body: [UInt8], token: String?, _ watchdog: Watchdog
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address.description + endpoint.path)
        request.method = .POST
        request.headers.add(name: "content-type", value: Endpoint.contentType)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        request.body = .stream(RequestBody(bytes: body, watchdog: watchdog), length: .known(Int64(body.count)))
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw TransportFault.beforeHead(error, address)
        }
        watchdog.heard()
        guard response.status.code / 100 == 2 else {
            throw try await TransportFault.inBody(address) { try await Self.failure(response, watchdog, address) }
        }
        return response
    }

    /// The server's own words where there are any, else what a proxy in between may mean.
    private static func failure(
        _ response: HTTPClientResponse, _ watchdog: Watchdog, _ address: ServerAddress
    ) async throws -> any Error {
        let bytes = try await collect(response, watchdog)
        if response.headers.first(name: "content-type")?.hasPrefix(Endpoint.contentType) == true {
            return try Failure(wireBytes: bytes)
        }
        return TransportFault.status(Int(response.status.code), address)
    }

    private static func collect(_ response: HTTPClientResponse, _ watchdog: Watchdog) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await part in response.body {
            watchdog.heard()
            bytes.append(contentsOf: part.readableBytesView)
            guard bytes.count <= Limits.unauthenticatedBytes else {
                throw SatchelError(
                    .tooLarge, "The server's answer is longer than \(Limits.unauthenticatedBytes) bytes.",
                    remedy: "Check that the address is a Satchel server's.")
            }
        }
        try Task.checkCancellation()
        return bytes
    }
}

extension Duration {
    /// Rounded down, at most what an `Int64` holds.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }

    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
