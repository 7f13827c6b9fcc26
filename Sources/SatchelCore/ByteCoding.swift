/// Why bytes could not be read.
public enum DecodingFault: Error, Sendable, Hashable {
    case truncated
    case overflow
    case invalidText
    case invalidTag(UInt8)
    case limit(String)
    case trailing
}

/// Appends numbers and byte strings: unsigned LEB128 varints, as protobuf has them.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func byte(_ value: UInt8) { bytes.append(value) }

    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Eight bytes, least significant first.
    public mutating func fixed64(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    public mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    public mutating func string(_ value: some Collection<UInt8>) {
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }
}

/// Reads what `ByteWriter` wrote. Every step checks its bounds; no length is believed before it is.
public struct ByteReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }
    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    public var isAtEnd: Bool { offset == bytes.endIndex }
    public var remaining: Int { bytes.endIndex - offset }

    public mutating func byte() throws(DecodingFault) -> UInt8 {
        guard offset < bytes.endIndex else { throw .truncated }
        defer { offset += 1 }
        return bytes[offset]
    }

    public mutating func varint() throws(DecodingFault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            if shift == 63, next > 1 { throw .overflow }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A varint that counts things of which each takes at least one byte of what is left, so that a lying count never
    /// reserves memory.
    public mutating func count() throws(DecodingFault) -> Int {
        let value = try varint()
        guard value <= UInt64(remaining) else { throw .truncated }
        return Int(value)
    }

    public mutating func fixed64() throws(DecodingFault) -> UInt64 {
        guard remaining >= 8 else { throw .truncated }
        defer { offset += 8 }
        return (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
    }

    public mutating func string() throws(DecodingFault) -> ArraySlice<UInt8> {
        let length = try count()
        defer { offset += length }
        return bytes[offset..<offset + length]
    }

    public mutating func text() throws(DecodingFault) -> String {
        guard let text = String(validating: try string(), as: UTF8.self) else { throw .invalidText }
        return text
    }

    public func finish() throws(DecodingFault) {
        if !isAtEnd { throw .trailing }
    }
}
