import Hummingbird
import NIOCore
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

    /// Likewise, of a body that has to be there within a time, however steadily it comes: who takes longer is cut.
    /// - Throws: as the other; `Endless` when the connection was closed.
    static func collect(
        _ body: RequestBody, upTo limit: Int, discarding: Int, within time: Duration, from channel: any Channel
    ) async throws -> [UInt8] {
        let cut = channel.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
        defer { cut.cancel() }
        let bytes = try await collect(body, upTo: limit, discarding: discarding)
        // What a cut left of a body is no body.
        guard channel.isActive else { throw Endless() }
        return bytes
    }

    static func tooLarge(_ limit: Int) -> SatchelError {
        SatchelError(
            .tooLarge, "The request is longer than \(limit) bytes.",
            remedy: "Send it in smaller parts, within SPEC.md's limits.")
    }
}
