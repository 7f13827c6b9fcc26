import Foundation
import SatchelProtocol

/// Where a server listens: `https://HOST`, with a port and a path before Satchel's own if wanted.
struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    let host: String
    let port: Int
    /// Without a slash at the end.
    let description: String

    /// - Throws: `SatchelError` `.usage` unless it is an `https` address with a host, and nothing that belongs to one request
    ///   (user, query, fragment).
    init(_ url: URL) throws {
        guard url.scheme?.lowercased() == "https", let host = url.host(percentEncoded: false), !host.isEmpty, url.user == nil,
            url.query == nil, url.fragment == nil
        else {
            throw SatchelError(
                .usage, "\(url.absoluteString) is not the address of a server.",
                remedy: "Give it as https://HOST or https://HOST:PORT.")
        }
        self.host = host
        port = url.port ?? 443
        var text = url.absoluteString
        while text.hasSuffix("/") { text.removeLast() }
        description = text
    }

    init(_ text: String) throws {
        guard let url = URL(string: text) else {
            throw SatchelError(
                .usage, "\(text) is not the address of a server.", remedy: "Give it as https://HOST or https://HOST:PORT.")
        }
        try self.init(url)
    }
}
