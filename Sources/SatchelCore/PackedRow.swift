/// The stamps of a row, packed: a table of distinct stamps, the fields that carry the commonest one as a bitmap, and the
/// exceptions. The shown values are not in it (they lie in typed columns); the values of further heads are.
///
/// Layout, all numbers varints unless said: version byte 1 · stamps (count; replica 8 bytes, counter, position,
/// milliseconds, logical) · existence (count; length, stamp index) · bitmap of fields under stamp 0 (bytes, low bit
/// first) · exceptions (count; field, heads, stamp index of the shown head, then stamp index and value of each other).
public enum PackedRow {
    private static let version: UInt8 = 1

    public static func encode(_ row: RowState) -> [UInt8] {
        var uses: [Stamp: Int] = [:]
        for register in row.cells.values where register.heads.count == 1 { uses[register.heads[0].stamp, default: 0] += 1 }
        // The first in the log among equally common ones, so that equal rows have equal bytes.
        let commonest = uses.max { left, right in
            let (one, other) = (left.key, right.key)
            return (left.value, other.position, other.dot, other.time) < (right.value, one.position, one.dot, one.time)
        }?.key

        var stamps: [Stamp] = []
        var indexes: [Stamp: Int] = [:]
        func index(_ stamp: Stamp) -> UInt64 {
            if let known = indexes[stamp] { return UInt64(known) }
            indexes[stamp] = stamps.count
            stamps.append(stamp)
            return UInt64(stamps.count - 1)
        }
        if let commonest { _ = index(commonest) }

        var tail = ByteWriter()
        tail.varint(UInt64(row.existence.steps.count))
        for step in row.existence.steps {
            tail.varint(UInt64(step.length))
            tail.varint(index(step.stamp))
        }
        var common = IndexSet256()
        var exceptions: [(field: Int, register: Register)] = []
        for (field, register) in row.cells {
            if register.heads.count == 1, register.heads[0].stamp == commonest {
                common.insert(field)
            } else if !register.heads.isEmpty {
                exceptions.append((field, register))
            }
        }
        encode(common, into: &tail)
        tail.varint(UInt64(exceptions.count))
        for (field, register) in exceptions.sorted(by: { $0.field < $1.field }) {
            tail.varint(UInt64(field))
            tail.varint(UInt64(register.heads.count))
            for (place, head) in register.heads.enumerated() {
                tail.varint(index(head.stamp))
                if place > 0 { encode(head.value, into: &tail) }
            }
        }

        var out = ByteWriter()
        out.byte(version)
        out.varint(UInt64(stamps.count))
        for stamp in stamps { encode(stamp, into: &out) }
        out.raw(tail.bytes)
        return out.bytes
    }

    /// - Parameter shown: the value in the typed column of a field.
    public static func decode(_ bytes: some Sequence<UInt8>, shown: (Int) -> Value) throws(DecodingFault) -> RowState {
        var reader = ByteReader(Array(bytes))
        let found = try reader.byte()
        guard found == version else { throw .invalidTag(found) }
        var stamps: [Stamp] = []
        for _ in 0..<(try reader.count()) { stamps.append(try decodeStamp(&reader)) }
        func stamp(_ index: UInt64) throws(DecodingFault) -> Stamp {
            guard index < UInt64(stamps.count) else { throw .overflow }
            return stamps[Int(index)]
        }

        var steps: [Existence.Step] = []
        for _ in 0..<(try reader.count()) {
            let length = try reader.varint()
            guard let length = UInt32(exactly: length), length < .max else { throw .overflow }
            steps.append(Existence.Step(length: length, stamp: try stamp(try reader.varint())))
        }
        var cells: [Int: Register] = [:]
        for field in try decodeSet(&reader).members {
            cells[field] = Register(heads: [Head(value: shown(field), stamp: try stamp(0))])
        }
        for _ in 0..<(try reader.count()) {
            let field = try reader.varint()
            guard field < UInt64(IndexSet256.capacity) else { throw .overflow }
            var heads: [Head] = []
            for place in 0..<(try reader.count()) {
                let stamp = try stamp(try reader.varint())
                heads.append(Head(value: place == 0 ? shown(Int(field)) : try decodeValue(&reader), stamp: stamp))
            }
            cells[Int(field)] = Register(heads: heads)
        }
        try reader.finish()
        return RowState(existence: Existence(steps: steps), cells: cells)
    }

    private static func encode(_ stamp: Stamp, into out: inout ByteWriter) {
        out.fixed64(stamp.dot.replica.number)
        out.varint(stamp.dot.counter)
        out.varint(stamp.position.number)
        out.varint(stamp.time.milliseconds)
        out.varint(UInt64(stamp.time.logical))
    }

    private static func decodeStamp(_ reader: inout ByteReader) throws(DecodingFault) -> Stamp {
        let replica = ReplicaID(try reader.fixed64())
        let dot = Dot(replica: replica, counter: try reader.varint())
        let position = Position(try reader.varint())
        let milliseconds = try reader.varint()
        guard let logical = UInt32(exactly: try reader.varint()) else { throw .overflow }
        return Stamp(dot: dot, position: position, time: HLC(milliseconds: milliseconds, logical: logical))
    }

    /// One value: a tag byte, then its content.
    public static func encode(_ value: Value, into out: inout ByteWriter) {
        switch value {
        case .null:
            out.byte(0)
        case .integer(let number):
            out.byte(1)
            out.fixed64(UInt64(bitPattern: number))
        case .real(let number):
            out.byte(2)
            out.fixed64(number.bitPattern)
        case .text(let text):
            out.byte(3)
            out.string(Array(text.utf8))
        case .blob(let bytes):
            out.byte(4)
            out.string(bytes)
        }
    }

    public static func decodeValue(_ reader: inout ByteReader) throws(DecodingFault) -> Value {
        let tag = try reader.byte()
        switch tag {
        case 0: return .null
        case 1: return .integer(Int64(bitPattern: try reader.fixed64()))
        case 2: return .real(Double(bitPattern: try reader.fixed64()))
        case 3: return .text(try reader.text())
        case 4: return .blob(Array(try reader.string()))
        default: throw .invalidTag(tag)
        }
    }

    private static func encode(_ set: IndexSet256, into out: inout ByteWriter) {
        var bytes: [UInt8] = []
        for word in 0..<4 {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: set.words[word] >> shift))
            }
        }
        while bytes.last == 0 { bytes.removeLast() }
        out.string(bytes)
    }

    private static func decodeSet(_ reader: inout ByteReader) throws(DecodingFault) -> IndexSet256 {
        let bytes = try reader.string()
        guard bytes.count <= IndexSet256.capacity / 8 else { throw .overflow }
        var set = IndexSet256()
        for (place, byte) in bytes.enumerated() {
            for bit in 0..<8 where byte & (1 << UInt8(bit)) != 0 { set.insert(place * 8 + bit) }
        }
        return set
    }
}
