import SatchelProtocol

/// Numbers that mostly rise, each as the difference from the one before it; the first from 0. Differences wrap, so that
/// every sequence of 64-bit numbers has a code and every code a sequence.
enum Difference {
    static func encode(_ numbers: some Sequence<UInt64>) -> [Int64] {
        var before: UInt64 = 0
        return numbers.map { number in
            defer { before = number }
            return Int64(bitPattern: number &- before)
        }
    }

    static func decode(_ differences: [Int64]) -> [UInt64] {
        var before: UInt64 = 0
        return differences.map { difference in
            before &+= UInt64(bitPattern: difference)
            return before
        }
    }

    /// Indexes that rise, or stay.
    static func encode(indexes: [Int]) -> [UInt32] {
        var before = 0
        return indexes.map { index in
            defer { before = index }
            return UInt32(index - before)
        }
    }

    /// - Throws: `.malformed` unless they stay below `count`.
    static func decode(indexes: [UInt32], below count: Int) throws(SatchelError) -> [Int] {
        var out: [Int] = []
        out.reserveCapacity(indexes.count)
        var before = 0
        for difference in indexes {
            let index = before + Int(difference)
            guard index < count else { throw .malformed("An index names a row that is not there.") }
            out.append(index)
            before = index
        }
        return out
    }
}
