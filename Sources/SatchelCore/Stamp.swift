/// What is kept of the change behind a value: who, when, and where in the log.
public struct Stamp: Sendable, Hashable {
    public let dot: Dot
    public let position: Position
    /// Fixed once, at admission (DESIGN §4, "Time").
    public let time: HLC

    public init(dot: Dot, position: Position, time: HLC) {
        self.dot = dot
        self.position = position
        self.time = time
    }

    /// The order by which the last writer wins among concurrent changes: time, then replica id. Two changes of one replica
    /// are never concurrent, so that this is total where it is asked.
    public func isEarlier(than other: Stamp) -> Bool {
        (time, dot.replica, dot.counter) < (other.time, other.dot.replica, other.dot.counter)
    }
}

/// Where an incoming change stands in causal order relative to the stored ones. Merge asks only this, so that it can be
/// tested over abstract orders; `PositionPast` is the encoding that the product uses.
public protocol CausalPast {
    /// Whether the incoming change had seen the stored one, and so dominates it.
    func contains(_ stored: Stamp) -> Bool
    /// Whether the stored change had seen the incoming one.
    func isSeen(by stored: Stamp) -> Bool
}

/// The encoding of causal order by log positions (DESIGN §1, "dominates"): the server's log is a linear extension of
/// causality, so that everything at or below the position a writer had seen is in its past, and so are its own
/// earlier transactions, those under earlier identities of the same file included.
public struct PositionPast: CausalPast, Sendable, Hashable {
    public let dot: Dot
    public let seen: Position
    /// Other identities of the writer's file, each with the last counter that is in the writer's own chain. Mostly empty.
    public let kin: [ReplicaID: UInt64]

    public init(dot: Dot, seen: Position, kin: [ReplicaID: UInt64] = [:]) {
        self.dot = dot
        self.seen = seen
        self.kin = kin
    }

    public func contains(_ stored: Stamp) -> Bool {
        if stored.position <= seen { return true }
        if stored.dot.replica == dot.replica { return stored.dot.counter < dot.counter }
        return !kin.isEmpty && stored.dot.counter <= kin[stored.dot.replica] ?? 0
    }

    /// Within one replica only. That another's change had seen the incoming one cannot arise: it would have been committed
    /// before, and a repeat is turned away by the applied vector before it is merged.
    public func isSeen(by stored: Stamp) -> Bool {
        stored.dot.replica == dot.replica && stored.dot.counter > dot.counter
    }
}
