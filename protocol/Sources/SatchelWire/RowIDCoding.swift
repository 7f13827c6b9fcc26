import SatchelCore
import SatchelProtocol

/// Lists of row ids, UUIDs in half their bytes.
enum RowIDCoding {
    private static let uuidBytes = 16
    private static let uuidCharacters = 36
    private static let digits = Array("0123456789abcdef".utf8)

    static func encode(_ ids: some Collection<RowID>) -> Satchel_V1_RowIds {
        var content: [UInt8] = []
        content.reserveCapacity(ids.count * uuidBytes)
        var lengths: [UInt32] = []
        lengths.reserveCapacity(ids.count)
        var isPlain = false
        for id in ids {
            let characters = Array(id.text.utf8)
            if appendUUID(characters, to: &content) {
                lengths.append(0)
            } else {
                lengths.append(UInt32(characters.count))
                content.append(contentsOf: characters)
                isPlain = true
            }
        }
        var message = Satchel_V1_RowIds()
        message.content = content.data
        if isPlain { message.lengths = lengths }
        return message
    }

    /// How many ids there are, before any is made.
    static func count(_ message: Satchel_V1_RowIds) -> Int {
        message.lengths.isEmpty ? message.content.array.count / uuidBytes : message.lengths.count
    }

    static func decode(_ message: Satchel_V1_RowIds) throws(SatchelError) -> [RowID] {
        let content = message.content.array
        guard !message.lengths.isEmpty else {
            guard content.count % uuidBytes == 0 else {
                throw .malformed("A list of UUIDs ends inside one.")
            }
            var ids: [RowID] = []
            ids.reserveCapacity(content.count / uuidBytes)
            for start in stride(from: 0, to: content.count, by: uuidBytes) {
                ids.append(try id(uuid(content[start..<start + uuidBytes])))
            }
            return ids
        }
        var ids: [RowID] = []
        ids.reserveCapacity(message.lengths.count)
        var start = 0
        for length in message.lengths {
            let bytes = length == 0 ? uuidBytes : Int(length)
            guard bytes <= content.count - start else {
                throw .malformed("A list of ids is shorter than its lengths.")
            }
            let slice = content[start..<start + bytes]
            ids.append(try id(length == 0 ? uuid(slice) : String(validating: slice, as: UTF8.self)))
            start += bytes
        }
        guard start == content.count else {
            throw .malformed("A list of ids is longer than its lengths.")
        }
        return ids
    }

    private static func id(_ text: String?) throws(SatchelError) -> RowID {
        guard let text, let id = RowID(text) else {
            throw .malformed("A row id is not 1 to \(RowID.maximumBytes) bytes of UTF-8 without NUL.")
        }
        return id
    }

    /// - Returns: false, appending nothing, unless the characters are a UUID in its canonical lower-case form.
    private static func appendUUID(_ characters: [UInt8], to content: inout [UInt8]) -> Bool {
        guard characters.count == uuidCharacters else { return false }
        let before = content.count
        var high: UInt8?
        for (place, character) in characters.enumerated() {
            if isDash(place) {
                if character == UInt8(ascii: "-") { continue }
            } else if let nibble = nibble(character) {
                if let first = high {
                    content.append(first << 4 | nibble)
                    high = nil
                } else {
                    high = nibble
                }
                continue
            }
            content.removeLast(content.count - before)
            return false
        }
        return true
    }

    private static func uuid(_ bytes: ArraySlice<UInt8>) -> String {
        String(unsafeUninitializedCapacity: uuidCharacters) { buffer in
            var place = 0
            for byte in bytes {
                if isDash(place) {
                    buffer[place] = UInt8(ascii: "-")
                    place += 1
                }
                buffer[place] = digits[Int(byte >> 4)]
                buffer[place + 1] = digits[Int(byte & 15)]
                place += 2
            }
            return place
        }
    }

    private static func isDash(_ place: Int) -> Bool {
        place == 8 || place == 13 || place == 18 || place == 23
    }

    private static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
