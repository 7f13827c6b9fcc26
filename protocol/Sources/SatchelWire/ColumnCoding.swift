import SatchelCore
import SatchelProtocol

/// The values of one field over many rows.
enum ColumnCoding {
    private enum Class {
        static let integer: UInt8 = 1
        static let real: UInt8 = 2
        static let text: UInt8 = 3
        static let blob: UInt8 = 4
    }

    /// - Throws: `.tooLarge` for a value above its limit.
    static func encode(_ values: some Collection<Value>) throws(SatchelError) -> Satchel_V1_Column {
        var message = Satchel_V1_Column()
        var nulls = [UInt8](repeating: 0, count: (values.count + 7) / 8)
        var nullCount = 0
        var classes: [UInt8] = []
        classes.reserveCapacity(values.count)
        var text: [UInt8] = []
        var blob: [UInt8] = []
        for (place, value) in values.enumerated() {
            switch value {
            case .null:
                nulls[place >> 3] |= 1 << UInt8(place & 7)
                nullCount += 1
            case .integer(let number):
                classes.append(Class.integer)
                message.integers.append(number)
            case .real(let number):
                classes.append(Class.real)
                message.reals.append(number)
            case .text(let string):
                classes.append(Class.text)
                let before = text.count
                text.append(contentsOf: string.utf8)
                try Checks.value(text.count - before)
                message.textLengths.append(UInt32(text.count - before))
            case .blob(let bytes):
                classes.append(Class.blob)
                try Checks.value(bytes.count)
                blob.append(contentsOf: bytes)
                message.blobLengths.append(UInt32(bytes.count))
            }
        }
        message.text = text.data
        message.blob = blob.data
        if nullCount > 0, nullCount < values.count { message.nulls = nulls.data }
        if let first = classes.first, classes.contains(where: { $0 != first }) {
            message.classes = classes.data
        }
        return message
    }

    /// - Parameter count: how many rows the message around the column has.
    static func decode(_ message: Satchel_V1_Column, count: Int) throws(SatchelError) -> [Value] {
        let present =
            message.integers.count + message.reals.count + message.textLengths.count
            + message.blobLengths.count
        let nulls = message.nulls.array
        if message == Satchel_V1_Column() { return [Value](repeating: .null, count: count) }
        var nullCount = 0
        if !nulls.isEmpty {
            try Checks.equal(nulls.count, (count + 7) / 8, "bytes in the bitmap of NULLs")
            guard count & 7 == 0 || nulls[nulls.count - 1] >> UInt8(count & 7) == 0 else {
                throw .malformed("A bitmap of NULLs names rows that are not there.")
            }
            nullCount = nulls.reduce(0) { $0 + $1.nonzeroBitCount }
        }
        try Checks.equal(present, count - nullCount, "values in a column")
        var cells = try cells(message, present: present)
        guard nullCount > 0 else { return cells }

        // From the back, so that each value moves at most once, into a place behind all that still wait.
        var source = cells.count
        cells.append(contentsOf: repeatElement(.null, count: nullCount))
        for place in stride(from: count - 1, through: 0, by: -1) {
            if nulls[place >> 3] & (1 << UInt8(place & 7)) != 0 {
                cells[place] = .null
            } else {
                source -= 1
                if source == place { break }
                cells[place] = cells[source]
            }
        }
        return cells
    }

    /// The values that are not NULL.
    private static func cells(_ message: Satchel_V1_Column, present: Int) throws(SatchelError)
        -> [Value]
    {
        let text = Content(message.text.array)
        let blob = Content(message.blob.array)
        let texts = message.textLengths
        let blobs = message.blobLengths
        var cells: [Value] = []
        cells.reserveCapacity(present)
        var textEnd = 0
        var blobEnd = 0
        let classes = message.classes.array
        if classes.isEmpty {
            let kinds = [message.integers.isEmpty, message.reals.isEmpty, texts.isEmpty, blobs.isEmpty]
                .filter { !$0 }.count
            guard kinds <= 1 else {
                throw .malformed("A column of several storage classes does not say which value is which.")
            }
            for number in message.integers { cells.append(.integer(number)) }
            for number in message.reals { cells.append(.real(number)) }
            for length in texts { cells.append(.text(try text.text(&textEnd, length))) }
            for length in blobs { cells.append(.blob(try blob.bytes(&blobEnd, length))) }
        } else {
            try Checks.equal(classes.count, present, "storage classes in a column")
            var used = (integers: 0, reals: 0, texts: 0, blobs: 0)
            for storageClass in classes {
                switch storageClass {
                case Class.integer where used.integers < message.integers.count:
                    cells.append(.integer(message.integers[used.integers]))
                    used.integers += 1
                case Class.real where used.reals < message.reals.count:
                    cells.append(.real(message.reals[used.reals]))
                    used.reals += 1
                case Class.text where used.texts < texts.count:
                    cells.append(.text(try text.text(&textEnd, texts[used.texts])))
                    used.texts += 1
                case Class.blob where used.blobs < blobs.count:
                    cells.append(.blob(try blob.bytes(&blobEnd, blobs[used.blobs])))
                    used.blobs += 1
                default:
                    throw .malformed("A column's storage classes do not match its values.")
                }
            }
        }
        try Checks.equal(textEnd, text.count, "bytes of text in a column's lengths")
        try Checks.equal(blobEnd, blob.count, "bytes of blobs in a column's lengths")
        return cells
    }
}

/// Concatenated texts or blobs, read one after another by lengths that are not believed.
private struct Content {
    private let content: [UInt8]

    init(_ content: [UInt8]) { self.content = content }

    var count: Int { content.count }

    func text(_ end: inout Int, _ length: UInt32) throws(SatchelError) -> String {
        guard let text = String(validating: try slice(&end, length), as: UTF8.self) else {
            throw .malformed("A text is not valid UTF-8.")
        }
        return text
    }

    func bytes(_ end: inout Int, _ length: UInt32) throws(SatchelError) -> [UInt8] {
        Array(try slice(&end, length))
    }

    private func slice(_ end: inout Int, _ length: UInt32) throws(SatchelError) -> ArraySlice<UInt8> {
        try Checks.value(Int(length))
        guard Int(length) <= content.count - end else {
            throw .malformed("A column is shorter than its lengths.")
        }
        defer { end += Int(length) }
        return content[end..<end + Int(length)]
    }
}
