import SatchelCore
import SatchelEngine
import SatchelProtocol

/// A payload form of the simulator's own: quick, and independent of the product's.
struct PlainCoding: TransactionCoding {
    func encode(_ transaction: Transaction) throws -> [UInt8] {
        var out = ByteWriter()
        out.varint(transaction.counter)
        out.fixed64(transaction.epoch.number)
        out.varint(transaction.clock.wallMilliseconds)
        out.string(transaction.clock.boot)
        out.varint(transaction.clock.uptimeMilliseconds)
        out.byte(transaction.isAtomic ? 1 : 0)
        out.varint(UInt64(transaction.changes.count))
        for change in transaction.changes {
            out.string(Array(change.table.utf8))
            out.string(Array(change.id.text.utf8))
            out.byte(UInt8(change.operation.rawValue))
            out.varint(change.seen.number)
            out.varint(UInt64(change.cells.count))
            for cell in change.cells {
                out.string(Array(cell.field.utf8))
                PackedRow.encode(cell.value, into: &out)
                out.varint(cell.seen.map { $0.number + 1 } ?? 0)
            }
        }
        out.varint(UInt64(transaction.resolutions.count))
        for resolution in transaction.resolutions {
            out.string(Array(resolution.refusal.description.utf8))
            out.byte(UInt8(resolution.action.rawValue))
        }
        return out.bytes
    }

    func decode(_ payload: [UInt8]) throws -> Transaction {
        var reader = ByteReader(payload)
        let counter = try reader.varint()
        let epoch = Epoch(try reader.fixed64())
        let wall = try reader.varint()
        let boot = Array(try reader.string())
        let clock = ClockReading(wallMilliseconds: wall, boot: boot, uptimeMilliseconds: try reader.varint())
        var transaction = Transaction(
            counter: counter, epoch: epoch, clock: clock, isAtomic: try reader.byte() == 1, changes: [])
        for _ in 0..<(try reader.count()) {
            let table = try reader.text()
            guard let id = RowID(try reader.text()), let operation = Operation(rawValue: Int(try reader.byte())) else {
                throw DecodingFault.invalidText
            }
            var change = Change(table: table, id: id, operation: operation, seen: Position(try reader.varint()), cells: [])
            for _ in 0..<(try reader.count()) {
                let field = try reader.text()
                let value = try PackedRow.decodeValue(&reader)
                let seen = try reader.varint()
                change.cells.append(CellWrite(field: field, value: value, seen: seen == 0 ? nil : Position(seen - 1)))
            }
            transaction.changes.append(change)
        }
        for _ in 0..<(try reader.count()) {
            guard let id = RefusalID(try reader.text()), let action = Resolution.Action(rawValue: Int(try reader.byte())) else {
                throw DecodingFault.invalidText
            }
            transaction.resolutions.append(Resolution(refusal: id, action: action))
        }
        try reader.finish()
        return transaction
    }
}
