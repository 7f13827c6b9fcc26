import SatchelCore
import SatchelProtocol
import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A generated type; the name keeps `SwiftProtobuf` out of the other files.
typealias WireMessage = SwiftProtobuf.Message

/// Where protobuf's own coding is called, with the bounds around it.
enum Serialisation {
    static func bytes(
        _ message: some WireMessage, limit: Int = Limits.frameBytes, _ what: String
    ) throws(SatchelError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try message.serializedBytes()
        } catch {
            throw SatchelError(
                .malformed, "\(what) could not be encoded.",
                remedy: "Report it as a fault of this program.", cause: "\(error)")
        }
        guard bytes.count <= limit else {
            throw .tooLarge("\(what) takes \(bytes.count) bytes; \(limit) are allowed.")
        }
        return bytes
    }

    static func message<M: WireMessage>(
        _ bytes: ArraySlice<UInt8>, limit: Int = Limits.frameBytes, nesting: Nesting = .flat,
        _ what: String
    ) throws(SatchelError) -> M {
        guard bytes.count <= limit else {
            throw .tooLarge("\(what) takes \(bytes.count) bytes; \(limit) are allowed.")
        }
        try nesting.check(bytes, parts: Limits.frameParts, what)
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        do {
            return try M(serializedBytes: Array(bytes), options: options)
        } catch {
            throw SatchelError(
                .malformed, "\(what) cannot be decoded.",
                remedy: "Report it as a fault of the program that sent it; a repeat fails alike.",
                cause: "\(error)")
        }
    }
}

extension Data {
    var array: [UInt8] { [UInt8](self) }
}

extension [UInt8] {
    var data: Data { Data(self) }
}
