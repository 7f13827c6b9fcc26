import Hummingbird
import SatchelProtocol
import SatchelWire

extension Failure {
    /// What goes to the client for an error of any kind. Causes stay in the log: they may speak of others.
    init(reporting error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as SatchelError:
            switch error.code {
            case .malformed, .tooLarge: self.init(code: error.code, message: error.message, action: .giveUp)
            case .streamTruncated:
                self.init(code: error.code, message: error.message, action: .retryAfter(seconds: 1))
            case .upgradeClient: self.init(code: error.code, message: error.message, action: .upgradeClient)
            case .diskFull:
                self.init(
                    code: .diskFull, message: "The server's disk is full; nothing of this was taken.",
                    action: .retryAfter(seconds: 60))
            default: self = .inside
            }
        default: self = .inside
        }
    }

    /// Something that only the server's log explains.
    private static let inside = Failure(
        code: .internalError, message: "Something went wrong inside the server; nothing of this was taken.",
        action: .retryAfter(seconds: 10))

    static let shuttingDown = Failure(
        code: .shuttingDown, message: "The server is shutting down.", action: .retryAfter(seconds: 5))

    var isInside: Bool { code == .internalError }

    var status: HTTPResponse.Status {
        switch code {
        case .tokenInvalid: .unauthorized
        case .codeInvalid, .proofInvalid, .replicaRevoked, .userMismatch: .forbidden
        case .notFound: .notFound
        case .tooLarge: .contentTooLarge
        case .busy, .shuttingDown, .diskFull: .serviceUnavailable
        case .internalError: .internalServerError
        default: .badRequest
        }
    }
}

/// The form of every answer.
enum Answer {
    static let contentType = "application/vnd.satchel.v1+protobuf"

    static func headers(length: Int? = nil) -> HTTPFields {
        var headers: HTTPFields = [.contentType: contentType, .cacheControl: "no-store"]
        if let length { headers[.contentLength] = String(length) }
        return headers
    }

    static func message(_ message: some WireCodable) throws -> Response {
        let bytes = try message.wireBytes()
        return Response(
            status: .ok, headers: headers(length: bytes.count), body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A status and one `Failure`. What of the request is not read yet is thrown away within a limit, so that its sender
    /// lives to read the answer; one who goes on sending is cut.
    static func failure(_ failure: Failure, unread: RequestBody?, discarding limit: Int) -> Response {
        let bytes = (try? failure.wireBytes()) ?? []
        var headers = headers(length: bytes.count)
        if case .retryAfter(let seconds) = failure.action { headers[.retryAfter] = String(seconds) }
        if failure.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: failure.status, headers: headers,
            body: ResponseBody(contentLength: bytes.count) { writer in
                try await writer.write(ByteBuffer(bytes: bytes))
                try await writer.finish(nil)
                if let unread { try await BodyBytes.discard(unread, upTo: limit) }
            })
    }
}
