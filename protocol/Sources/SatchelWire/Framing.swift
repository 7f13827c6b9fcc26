import SatchelProtocol

/// Frames on a stream: each body behind its length as a varint, which is protobuf's delimited form.
public enum Framing {
    public static func frame(_ body: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(body.count + 5)
        var rest = UInt64(body.count)
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
        out.append(contentsOf: body)
        return out
    }
}

/// Cuts a stream, which arrives in pieces of any size, back into frames.
///
/// It holds at most one frame of `limit` bytes and the piece that was appended last, as long as `next` is called until it
/// gives nil after each piece. The work is linear in the bytes, however small the pieces.
public struct FrameSplitter: Sendable {
    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var failure: SatchelError?

    /// - Parameter limit: the greatest body in bytes.
    public init(limit: Int = Limits.frameBytes) { self.limit = limit }

    public mutating func append(_ bytes: some Sequence<UInt8>) {
        guard failure == nil else { return }
        if start > 0, start >= buffer.count / 2 {
            buffer.removeSubrange(0..<start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame's body, nil when more bytes are needed.
    ///
    /// - Throws: `.tooLarge` as soon as a length above the limit is read, `.malformed` when a length is no varint. The
    ///   stream cannot be read on after that: every later call throws the same.
    public mutating func next() throws(SatchelError) -> [UInt8]? {
        if let failure { throw failure }
        var length: UInt64 = 0
        var shift: UInt64 = 0
        var place = start
        while true {
            guard place < buffer.count else { return nil }
            let byte = buffer[place]
            place += 1
            if shift == 63, byte > 1 { throw fail(.malformed("A frame's length is not a varint.")) }
            length |= UInt64(byte & 0x7F) << shift
            if length > UInt64(limit) {
                throw fail(.tooLarge("A frame is longer than \(limit) bytes."))
            }
            if byte < 0x80 { break }
            shift += 7
            if shift > 63 { throw fail(.malformed("A frame's length is not a varint.")) }
        }
        guard UInt64(buffer.count - place) >= length else { return nil }
        let end = place + Int(length)
        let body = Array(buffer[place..<end])
        start = end
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 64 * 1024)
            start = 0
        }
        return body
    }

    /// To be called where the stream ends.
    ///
    /// - Throws: `.streamTruncated` when it ended inside a frame.
    public func finish() throws(SatchelError) {
        if let failure { throw failure }
        guard start == buffer.count else {
            throw SatchelError(
                .streamTruncated, "The stream ended inside a frame.",
                remedy: "Try again; everything up to the last whole checkpoint or acknowledgement stands.")
        }
    }

    private mutating func fail(_ error: SatchelError) -> SatchelError {
        failure = error
        buffer = []
        start = 0
        return error
    }
}
