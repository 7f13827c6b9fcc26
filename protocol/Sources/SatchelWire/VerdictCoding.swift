import SatchelCore
import SatchelProtocol

/// Verdicts as the log keeps them and as push and pull carry them. The order of the exceptions inside a verdict carries no
/// meaning: equal sets of them give equal bytes, and they come back as `TransactionVerdict.sortExceptions` puts them.
public enum VerdictCoding {
    public static func encode(_ verdicts: [TransactionVerdict]) throws(SatchelError) -> [UInt8] {
        let bytes = try Serialisation.bytes(try Satchel_V1_Verdicts(verdicts), "A list of verdicts")
        try Nesting.verdicts.check(bytes[...], parts: Limits.frameParts, "A list of verdicts")
        return bytes
    }

    public static func decode(_ bytes: ArraySlice<UInt8>) throws(SatchelError) -> [TransactionVerdict] {
        let message: Satchel_V1_Verdicts = try Serialisation.message(
            bytes, nesting: .verdicts, "A list of verdicts")
        return try message.decoded()
    }

    public static func decode(_ bytes: [UInt8]) throws(SatchelError) -> [TransactionVerdict] {
        try decode(bytes[...])
    }
}

extension Satchel_V1_Verdicts {
    init(_ verdicts: [TransactionVerdict]) throws(SatchelError) {
        self.init()
        counters = Difference.encode(verdicts.lazy.map(\.counter))
        positions = Difference.encode(verdicts.lazy.map(\.position.number))
        for (place, verdict) in verdicts.enumerated() {
            if verdict.isVoid { voids.append(UInt32(place)) }
            rows.append(contentsOf: try VerdictGroups.rows(of: verdict, at: UInt32(place)))
        }
    }

    func decoded() throws(SatchelError) -> [TransactionVerdict] {
        try Checks.equal(positions.count, counters.count, "positions of transactions")
        var verdicts = zip(Difference.decode(counters), Difference.decode(positions)).map {
            TransactionVerdict(counter: $0, position: Position($1), exceptions: [])
        }
        for place in voids {
            guard place < UInt32(verdicts.count) else {
                throw .malformed("A verdict is void that is not there.")
            }
            verdicts[Int(place)].isVoid = true
        }
        for rows in rows {
            guard rows.verdict < UInt32(verdicts.count) else {
                throw .malformed("Rows belong to a verdict that is not there.")
            }
            verdicts[Int(rows.verdict)].exceptions.append(contentsOf: try rows.decoded())
        }
        for place in verdicts.indices { verdicts[place].sortExceptions() }
        return verdicts
    }
}
