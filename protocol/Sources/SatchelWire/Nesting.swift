import SatchelCore
import SatchelProtocol

/// Which fields of a message hold messages that repeat. The decoder of protobuf makes a structure of some hundred bytes of
/// each, and two bytes suffice to ask for one; so they are counted before it runs.
struct Nesting: Sendable {
    private let fields: [UInt64: Nesting]

    init(_ fields: [UInt64: Nesting]) { self.fields = fields }

    /// Nothing that repeats.
    static let flat = Nesting([:])
    static let transaction = Nesting([6: flat, 7: Nesting([5: flat])])
    static let verdicts = Nesting([4: Nesting([4: flat])])
    static let schema = Nesting([3: Nesting([2: flat, 3: flat])])
    static let pushReply = Nesting([1: Nesting([3: verdicts])])
    static let pullFrame = Nesting([
        2: schema, 3: Nesting([3: flat]), 5: Nesting([6: flat]), 9: verdicts,
    ])

    /// - Throws: `.tooLarge` when there are more than `parts`, `.malformed` when the bytes are no message.
    func check(_ bytes: ArraySlice<UInt8>, parts: Int, _ what: String) throws(SatchelError) {
        guard !fields.isEmpty else { return }
        var left = parts
        do {
            try count(bytes, &left)
        } catch {
            switch error {
            case .limit: throw .tooLarge("\(what) holds more than \(parts) parts.")
            default: throw .malformed("\(what) cannot be decoded.")
            }
        }
    }

    private func count(_ bytes: ArraySlice<UInt8>, _ left: inout Int) throws(DecodingFault) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.varint()
            switch tag & 7 {
            case 0: _ = try reader.varint()
            case 1: _ = try reader.fixed64()
            case 2:
                let content = try reader.string()
                guard let inner = fields[tag >> 3] else { continue }
                left -= 1
                guard left >= 0 else { throw .limit("parts") }
                try inner.count(content, &left)
            case 5: for _ in 0..<4 { _ = try reader.byte() }
            default: throw .invalidTag(UInt8(tag & 7))
            }
        }
    }
}
