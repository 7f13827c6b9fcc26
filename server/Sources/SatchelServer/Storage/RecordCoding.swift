import SatchelCore
import SatchelEngine
import SatchelProtocol

/// The packed columns: verdicts, refused cells and links, in `ByteWriter`'s terms. Each begins with a version byte, except
/// links, which stand in every row and are versioned with the file.
enum RecordCoding {
    private static let version: UInt8 = 1

    // MARK: Verdicts: flags, counter, position, then the exceptions

    static func encode(_ verdict: TransactionVerdict) -> [UInt8] {
        var out = ByteWriter()
        out.byte(version)
        out.byte(verdict.isVoid ? 1 : 0)
        out.varint(verdict.counter)
        out.varint(verdict.position.number)
        out.varint(UInt64(verdict.exceptions.count))
        for exception in verdict.exceptions {
            out.text(exception.table)
            out.text(exception.id.text)
            out.text(exception.field)
            switch exception.outcome {
            case .merged: out.byte(1)
            case .superseded: out.byte(2)
            case .refused(let id):
                out.byte(3)
                out.fixed64(id.dot.replica.number)
                out.varint(id.dot.counter)
                out.varint(UInt64(id.number))
            }
            out.text(exception.code.rawValue)
            out.text(exception.reason)
        }
        return out.bytes
    }

    static func decodeVerdict(_ bytes: [UInt8]) throws(DecodingFault) -> TransactionVerdict {
        var reader = ByteReader(bytes)
        try reader.version(version)
        let isVoid = try reader.flag()
        let counter = try reader.varint()
        let position = Position(try reader.varint())
        var exceptions: [VerdictException] = []
        for _ in 0..<(try reader.count()) {
            let table = try reader.text()
            let id = try reader.rowID()
            let field = try reader.optionalText()
            let outcome: VerdictException.Outcome
            let tag = try reader.byte()
            switch tag {
            case 1: outcome = .merged
            case 2: outcome = .superseded
            case 3:
                let replica = ReplicaID(try reader.fixed64())
                let dot = Dot(replica: replica, counter: try reader.varint())
                outcome = .refused(RefusalID(dot: dot, number: try reader.number()))
            default: throw .invalidTag(tag)
            }
            let code = ErrorCode(rawValue: try reader.text())
            exceptions.append(
                VerdictException(table: table, id: id, field: field, outcome: outcome, code: code, reason: try reader.text()))
        }
        try reader.finish()
        return TransactionVerdict(counter: counter, position: position, isVoid: isVoid, exceptions: exceptions)
    }

    // MARK: Refused cells: field, value, what it had seen

    static func encode(_ cells: [CellWrite]) -> [UInt8] {
        var out = ByteWriter()
        out.byte(version)
        out.varint(UInt64(cells.count))
        for cell in cells {
            out.text(cell.field)
            PackedRow.encode(cell.value, into: &out)
            out.byte(cell.seen == nil ? 0 : 1)
            if let seen = cell.seen { out.varint(seen.number) }
        }
        return out.bytes
    }

    static func decodeCells(_ bytes: [UInt8]) throws(DecodingFault) -> [CellWrite] {
        var reader = ByteReader(bytes)
        try reader.version(version)
        var cells: [CellWrite] = []
        for _ in 0..<(try reader.count()) {
            let field = try reader.text()
            let value = try PackedRow.decodeValue(&reader)
            let seen = try reader.flag() ? Position(try reader.varint()) : nil
            cells.append(CellWrite(field: field, value: value, seen: seen))
        }
        try reader.finish()
        return cells
    }

    // MARK: Links: root, began, ended

    static func encode(_ links: [RootLink]) -> [UInt8] {
        var out = ByteWriter()
        out.varint(UInt64(links.count))
        for link in links {
            out.varint(link.root.number)
            out.varint(link.began.number)
            out.byte(link.ended == nil ? 0 : 1)
            if let ended = link.ended { out.varint(ended.number) }
        }
        return out.bytes
    }

    static func decodeLinks(_ bytes: [UInt8]) throws(DecodingFault) -> [RootLink] {
        var reader = ByteReader(bytes)
        var links: [RootLink] = []
        for _ in 0..<(try reader.count()) {
            let root = RootNumber(try reader.varint())
            let began = Position(try reader.varint())
            let ended = try reader.flag() ? Position(try reader.varint()) : nil
            links.append(RootLink(root: root, began: began, ended: ended))
        }
        try reader.finish()
        return links
    }
}

extension ByteWriter {
    mutating func text(_ text: String) { string(Array(text.utf8)) }

    /// A flag, then the text if there is one.
    mutating func text(_ text: String?) {
        byte(text == nil ? 0 : 1)
        if let text { self.text(text) }
    }
}

extension ByteReader {
    mutating func version(_ known: UInt8) throws(DecodingFault) {
        let found = try byte()
        guard found == known else { throw .invalidTag(found) }
    }

    mutating func flag() throws(DecodingFault) -> Bool {
        let found = try byte()
        guard found < 2 else { throw .invalidTag(found) }
        return found == 1
    }

    mutating func optionalText() throws(DecodingFault) -> String? { try flag() ? try text() : nil }

    mutating func rowID() throws(DecodingFault) -> RowID {
        guard let id = RowID(try text()) else { throw .invalidText }
        return id
    }

    mutating func number() throws(DecodingFault) -> Int {
        guard let number = Int(exactly: try varint()) else { throw .overflow }
        return number
    }
}
