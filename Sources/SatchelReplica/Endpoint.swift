/// The server's routes (SPEC.md); all of them take POST.
enum Endpoint: String, Sendable {
    case enrol, nonce, token, push, pull

    var path: String { "/v1/\(rawValue)" }

    static let contentType = "application/vnd.satchel.v1+protobuf"
}
