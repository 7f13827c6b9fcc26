import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import SatchelProtocol
import SatchelWire

/// An HTTP client that trusts one authority.
final class TestClient: Sendable {
    struct Reply: Sendable {
        let status: Int
        let bytes: [UInt8]
        let contentType: String?

        var failure: Failure? { try? Failure(wireBytes: bytes) }
        func message<Message: WireCodable>(_ type: Message.Type) throws -> Message { try Message(wireBytes: bytes) }
    }

    let client: HTTPClient
    let address: String

    init(_ server: TestServer, version: HTTPClient.Configuration.HTTPVersion = .automatic) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(server.authority)
        var settings = HTTPClient.Configuration(tlsConfiguration: tls)
        settings.httpVersion = version
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        address = "https://localhost:\(server.port)"
    }

    deinit {
        let client = client
        Task.detached { try? await client.shutdown() }
    }

    func send(
        _ path: String, method: String = "POST", _ body: HTTPClientRequest.Body? = nil, token: String? = nil
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address + path)
        request.method = .RAW(value: method)
        request.headers.add(name: "content-type", value: "application/vnd.satchel.v1+protobuf")
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        request.body = body
        return try await client.execute(request, timeout: .seconds(20))
    }

    func post(_ path: String, _ body: [UInt8] = [], token: String? = nil, method: String = "POST") async throws -> Reply {
        let response = try await send(path, method: method, .bytes(body), token: token)
        var bytes: [UInt8] = []
        for try await part in response.body { bytes += part.readableBytesView }
        return Reply(
            status: Int(response.status.code), bytes: bytes, contentType: response.headers.first(name: "content-type"))
    }

    /// Reads frames as they come.
    func frames<Frame: WireCodable>(
        _ path: String, _ body: HTTPClientRequest.Body, token: String, as type: Frame.Type
    ) async throws -> FrameReader<Frame> {
        let response = try await send(path, body, token: token)
        return FrameReader(status: Int(response.status.code), response.body)
    }
}

/// The frames of one streamed answer.
final class FrameReader<Frame: WireCodable> {
    let status: Int
    private var iterator: HTTPClientResponse.Body.AsyncIterator
    private var splitter = FrameSplitter()

    init(status: Int, _ body: HTTPClientResponse.Body) {
        self.status = status
        iterator = body.makeAsyncIterator()
    }

    /// Nil at the end.
    func next() async throws -> Frame? {
        while true {
            if let frame = try splitter.next() { return try Frame(wireBytes: frame) }
            guard let part = try await iterator.next() else {
                try splitter.finish()
                return nil
            }
            splitter.append(part.readableBytesView)
        }
    }

    func rest() async throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try await next() { frames.append(frame) }
        return frames
    }
}
