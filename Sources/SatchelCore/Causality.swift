/// Names one replica for ever: 63 random bits drawn by the server at enrolment and never given twice. Random rather than
/// counted, so that an id says nothing about how many others there are.
public struct ReplicaID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }

    /// - Returns: nil unless the text is sixteen hexadecimal digits of at most 63 bits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 16, let bytes = Hexadecimal.bytes(text), bytes[0] < 0x80 else { return nil }
        number = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    public static func < (left: ReplicaID, right: ReplicaID) -> Bool { left.number < right.number }
    public var description: String { Hexadecimal.text(number) }
}

/// Names one transaction: the replica that committed it and that replica's counter, which runs 1, 2, 3 … without a gap.
public struct Dot: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let replica: ReplicaID
    public let counter: UInt64

    public init(replica: ReplicaID, counter: UInt64) {
        self.replica = replica
        self.counter = counter
    }

    public static func < (left: Dot, right: Dot) -> Bool {
        (left.replica, left.counter) < (right.replica, right.counter)
    }
    public var description: String { "\(replica):\(counter)" }
}

/// The place of a committed transaction in the server's log: strictly increasing, without a gap, from 1. Zero is "before
/// the first".
public struct Position: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }

    public static let zero = Position(0)
    public static func < (left: Position, right: Position) -> Bool { left.number < right.number }
    public var next: Position { Position(number + 1) }
    public var description: String { String(number) }
}

/// One life of the server's log: a random number drawn when the log begins and again at every restore from a backup.
public struct Epoch: Sendable, Hashable, CustomStringConvertible {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }
    public var description: String { Hexadecimal.text(number) }
}

/// Replica id → highest contiguous counter. The server's `applied` is one; a transaction's causal context is encoded more
/// briefly, by the log position that stands for one (DESIGN §1).
public struct VersionVector: Sendable, Hashable {
    public private(set) var counters: [ReplicaID: UInt64]

    public init(_ counters: [ReplicaID: UInt64] = [:]) {
        self.counters = counters.filter { $0.value > 0 }
    }

    public subscript(replica: ReplicaID) -> UInt64 { counters[replica] ?? 0 }

    public func contains(_ dot: Dot) -> Bool { dot.counter <= self[dot.replica] }

    /// Takes in the next transaction of a replica.
    /// - Returns: false, changing nothing, when it is a repeat or leaves a gap.
    public mutating func advance(to dot: Dot) -> Bool {
        guard dot.counter > 0, dot.counter - 1 == self[dot.replica] else { return false }
        counters[dot.replica] = dot.counter
        return true
    }

    /// The least vector above both.
    public mutating func merge(_ other: VersionVector) {
        counters.merge(other.counters) { max($0, $1) }
    }

    public func dominates(_ other: VersionVector) -> Bool {
        other.counters.allSatisfy { self[$0.key] >= $0.value }
    }
}
