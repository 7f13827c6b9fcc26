import NIOCore

/// A request's body in pieces, each of which counts as a sign of life when the connection takes it: a slow upload is no
/// silence.
struct RequestBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    static let pieceBytes = 64 * 1024

    let bytes: [UInt8]
    let watchdog: Watchdog

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes, watchdog: watchdog) }

    struct Iterator: AsyncIteratorProtocol {
        let bytes: [UInt8]
        let watchdog: Watchdog
        var offset = 0

        mutating func next() async -> ByteBuffer? {
            watchdog.heard()
            guard offset < bytes.count else { return nil }
            let end = Swift.min(offset + RequestBody.pieceBytes, bytes.count)
            defer { offset = end }
            return ByteBuffer(bytes: bytes[offset..<end])
        }
    }
}
