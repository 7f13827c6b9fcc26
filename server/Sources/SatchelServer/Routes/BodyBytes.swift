import Hummingbird
import SatchelProtocol

/// Request bodies of a known greatest size.
enum BodyBytes {
    /// Thrown to close a connection whose other end does not stop sending.
    struct Endless: Error {}

    /// - Throws: `SatchelError` `.tooLarge` when there is more than the limit, `Endless` when there is no end to it.
    static func collect(_ body: RequestBody, upTo limit: Int, discarding: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var count = 0
        for try await buffer in body {
            count += buffer.readableBytes
            if count <= limit { bytes.append(contentsOf: buffer.readableBytesView) } else { bytes = [] }
            if count > discarding { throw Endless() }
        }
        guard count <= limit else { throw tooLarge(limit) }
        return bytes
    }

    static func discard(_ body: RequestBody, upTo limit: Int) async throws {
        var count = 0
        for try await buffer in body {
            count += buffer.readableBytes
            if count > limit { throw Endless() }
        }
    }

    static func tooLarge(_ limit: Int) -> SatchelError {
        SatchelError(
            .tooLarge, "The request is longer than \(limit) bytes.",
            remedy: "Send it in smaller parts, within SPEC.md's limits.")
    }
}
