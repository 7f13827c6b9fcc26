/// Whether a row is there, as a causal-length counter (Yu and Rostad, "A Low-Cost Set CRDT Based on Causal Lengths",
/// 2020): odd lengths are alive, even ones dead, and the join is the maximum.
///
/// The length of an operation is a function of its causal past only: an insert that had seen an even length n makes
/// n + 1, a delete that had seen an odd one likewise, and an operation that had seen the state it asks for stays at it.
/// So a row comes back only through a write that had seen its deletion, and cells written in an incarnation never leak
/// into the next.
public struct Existence: Sendable, Hashable {
    /// A change that reached a length. Kept for each length: a later writer had seen the length when it had seen any of them.
    public struct Step: Sendable, Hashable {
        public let length: UInt32
        public let stamp: Stamp

        public init(length: UInt32, stamp: Stamp) {
            self.length = length
            self.stamp = stamp
        }
    }

    /// Ascending by length, then by position; at most one a length and replica.
    public private(set) var steps: [Step]

    public init(steps: [Step] = []) { self.steps = steps }

    public var length: UInt32 { steps.last?.length ?? 0 }
    public var isAlive: Bool { length % 2 == 1 }

    /// The odd length of the row's present life, or of its last one when it is dead; 0 before the first.
    public var incarnation: UInt32 { isAlive || length == 0 ? length : length - 1 }

    /// The greatest length in the past of a change; 0 when it had seen nothing of the row.
    public func length(in past: some CausalPast) -> UInt32 {
        steps.last { past.contains($0.stamp) }?.length ?? 0
    }

    /// The length as it was in the log at a position.
    public func length(at position: Position) -> UInt32 {
        steps.last { $0.stamp.position <= position }?.length ?? 0
    }

    /// The last change to whether the row is there: where the log first reached the present length.
    public var position: Position {
        steps.first { $0.length == length }?.stamp.position ?? .zero
    }

    /// Takes in an insert.
    /// - Returns: the length that its cells belong to.
    public mutating func insert(_ stamp: Stamp, past: some CausalPast) -> UInt32 {
        reach(odd: true, stamp, past)
    }

    /// Takes in a delete.
    /// - Returns: the length it asked for; 0 when its writer had never seen the row, which changes nothing.
    public mutating func delete(_ stamp: Stamp, past: some CausalPast) -> UInt32 {
        reach(odd: false, stamp, past)
    }

    private mutating func reach(odd: Bool, _ stamp: Stamp, _ past: some CausalPast) -> UInt32 {
        let seen = length(in: past)
        let target = (seen % 2 == 1) == odd ? seen : seen + 1
        guard target != seen else { return target }
        if !steps.contains(where: { $0.length == target && $0.stamp.dot.replica == stamp.dot.replica }) {
            let place = steps.firstIndex { ($0.length, $0.stamp.position) > (target, stamp.position) } ?? steps.endIndex
            steps.insert(Step(length: target, stamp: stamp), at: place)
        }
        return target
    }
}
