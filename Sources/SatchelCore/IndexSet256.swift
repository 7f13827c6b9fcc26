/// A set of small numbers, 0 to 255, without an allocation: the fields of a table, the roles of a policy.
public struct IndexSet256: Sendable, Hashable {
    public static let capacity = 256

    public private(set) var words: SIMD4<UInt64>

    public init() { words = .zero }
    public init(words: SIMD4<UInt64>) { self.words = words }
    public init(_ indexes: some Sequence<Int>) {
        words = .zero
        for index in indexes { insert(index) }
    }

    /// The numbers 0 ..< count.
    public init(upTo count: Int) { self.init(0..<count) }

    public var isEmpty: Bool { words == .zero }
    public var count: Int { (0..<4).reduce(0) { $0 + words[$1].nonzeroBitCount } }

    public func contains(_ index: Int) -> Bool { words[index >> 6] & (1 << UInt64(index & 63)) != 0 }
    public mutating func insert(_ index: Int) { words[index >> 6] |= 1 << UInt64(index & 63) }
    public mutating func remove(_ index: Int) { words[index >> 6] &= ~(1 << UInt64(index & 63)) }

    public func union(_ other: Self) -> Self { Self(words: words | other.words) }
    public func intersection(_ other: Self) -> Self { Self(words: words & other.words) }
    public func subtracting(_ other: Self) -> Self { Self(words: words & ~other.words) }
    public func isSubset(of other: Self) -> Bool { subtracting(other).isEmpty }
    public mutating func formUnion(_ other: Self) { words |= other.words }

    /// The members, ascending.
    public var members: [Int] {
        var out: [Int] = []
        for word in 0..<4 {
            var bits = words[word]
            while bits != 0 {
                out.append(word * 64 + bits.trailingZeroBitCount)
                bits &= bits - 1
            }
        }
        return out
    }
}

/// Fields of one table, by their index in the schema.
public typealias FieldSet = IndexSet256
/// Roles of one policy, by their index in it.
public typealias RoleSet = IndexSet256
