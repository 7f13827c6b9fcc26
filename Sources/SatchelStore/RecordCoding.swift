import SatchelCore
import SatchelEngine
import SatchelProtocol

/// Small records that the file keeps as bytes: shadows, rights, losers of conflicts, refused cells.
enum RecordCoding {
    // MARK: Shadow

    static func encode(_ shadow: Shadow) -> [UInt8] {
        var out = ByteWriter()
        out.byte((shadow.baseExists ? 1 : 0) | (shadow.isDeletedHere ? 2 : 0))
        out.varint(shadow.existenceCounter)
        out.varint(UInt64(shadow.cells.count))
        for (field, cell) in shadow.cells.sorted(by: { $0.key < $1.key }) {
            out.varint(UInt64(field))
            out.varint(cell.counter)
            out.varint(cell.seen.number)
            PackedRow.encode(cell.base, into: &out)
        }
        return out.bytes
    }

    static func decodeShadow(_ bytes: [UInt8]) throws(DecodingFault) -> Shadow {
        var reader = ByteReader(bytes)
        let flags = try reader.byte()
        var shadow = Shadow(
            baseExists: flags & 1 != 0, existenceCounter: try reader.varint(), isDeletedHere: flags & 2 != 0)
        for _ in 0..<(try reader.count()) {
            let field = try reader.varint()
            guard field < UInt64(Limits.tableFields) else { throw .overflow }
            let counter = try reader.varint()
            let seen = Position(try reader.varint())
            shadow.cells[Int(field)] = Shadow.Cell(base: try PackedRow.decodeValue(&reader), counter: counter, seen: seen)
        }
        try reader.finish()
        return shadow
    }

    // MARK: Mask

    /// The rights without their number and roles: equal content is the same mask.
    static func encode(_ mask: MaskDefinition) -> [UInt8] {
        var out = ByteWriter()
        out.varint(UInt64(mask.tables.count))
        for rights in mask.tables {
            out.text(rights.table)
            out.texts(rights.read)
            out.texts(rights.write)
            out.texts(rights.settable)
            out.byte((rights.delete ? 1 : 0) | (rights.create ? 2 : 0))
        }
        return out.bytes
    }

    static func encode(roles: [String]) -> [UInt8] {
        var out = ByteWriter()
        out.texts(roles)
        return out.bytes
    }

    static func decodeMask(_ bytes: [UInt8], roles: [UInt8], number: UInt32) throws(DecodingFault) -> MaskDefinition {
        var names = ByteReader(roles)
        var mask = MaskDefinition(number: number, roles: try names.texts(), tables: [])
        try names.finish()
        var reader = ByteReader(bytes)
        for _ in 0..<(try reader.count()) {
            let table = try reader.text()
            let read = try reader.texts()
            let write = try reader.texts()
            let settable = try reader.texts()
            let flags = try reader.byte()
            mask.tables.append(
                MaskDefinition.TableRights(
                    table: table, read: read, write: write, delete: flags & 1 != 0, create: flags & 2 != 0, settable: settable))
        }
        try reader.finish()
        return mask
    }

    // MARK: Heads of a conflict

    static func encode(_ heads: [ConflictBatch.HeadDescription]) -> [UInt8] {
        var out = ByteWriter()
        out.varint(UInt64(heads.count))
        for head in heads {
            PackedRow.encode(head.value, into: &out)
            out.text(head.user)
            out.varint(head.milliseconds)
        }
        return out.bytes
    }

    static func decodeHeads(_ bytes: [UInt8]) throws(DecodingFault) -> [ConflictBatch.HeadDescription] {
        var reader = ByteReader(bytes)
        var heads: [ConflictBatch.HeadDescription] = []
        for _ in 0..<(try reader.count()) {
            let value = try PackedRow.decodeValue(&reader)
            let user = try reader.text()
            heads.append(ConflictBatch.HeadDescription(value: value, user: user, milliseconds: try reader.varint()))
        }
        try reader.finish()
        return heads
    }

    // MARK: Refused cells

    static func encode(_ cells: [CellWrite]) -> [UInt8] {
        var out = ByteWriter()
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
        var cells: [CellWrite] = []
        for _ in 0..<(try reader.count()) {
            let field = try reader.text()
            let value = try PackedRow.decodeValue(&reader)
            let seen = try reader.byte() == 0 ? nil : Position(try reader.varint())
            cells.append(CellWrite(field: field, value: value, seen: seen))
        }
        try reader.finish()
        return cells
    }

    // MARK: Single values

    static func encode(_ value: Value) -> [UInt8] {
        var out = ByteWriter()
        PackedRow.encode(value, into: &out)
        return out.bytes
    }

    static func decodeValue(_ bytes: [UInt8]) throws(DecodingFault) -> Value {
        var reader = ByteReader(bytes)
        let value = try PackedRow.decodeValue(&reader)
        try reader.finish()
        return value
    }

    // MARK: Further roots

    static func encode(roots: some Collection<UInt64>) -> [UInt8] {
        var out = ByteWriter()
        for root in roots { out.varint(root) }
        return out.bytes
    }

    static func decodeRoots(_ bytes: [UInt8]) throws(DecodingFault) -> [UInt64] {
        var reader = ByteReader(bytes)
        var roots: [UInt64] = []
        while !reader.isAtEnd { roots.append(try reader.varint()) }
        return roots
    }
}
