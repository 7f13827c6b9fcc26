/// One admitted value of a cell.
public struct Head: Sendable, Hashable {
    public var value: Value
    public var stamp: Stamp

    public init(value: Value, stamp: Stamp) {
        self.value = value
        self.stamp = stamp
    }
}

/// How a field's concurrent values are resolved (DESIGN §5).
public enum MergeKind: String, Sendable, Hashable, CaseIterable {
    /// The later stamp is shown; the others are the conflict.
    case lww
}

/// What became of an incoming value.
public enum Admission: Sendable, Hashable {
    /// It is the one shown.
    case shown
    /// It is kept as a head beside the one shown: the loser of a conflict.
    case conflicting
    /// A stored change had already seen it; nothing changed.
    case superseded
    /// The very same change is already there; nothing changed.
    case repeated
}

/// A cell as its heads: the admitted changes that nothing dominates. Almost always one. The order of `heads` is
/// canonical (the shown one first, then by descending stamp), so that equal sets of heads compare equal.
///
/// A join over causal histories in the manner of the multi-value register (Shapiro et al., "A comprehensive study of
/// Convergent and Commutative Replicated Data Types", 2011, §3.2.2), with the shown head picked by the field's kind.
public struct Register: Sendable, Hashable {
    public private(set) var heads: [Head]

    public init(heads: [Head] = []) { self.heads = heads }

    /// Nil when no change has ever named this cell; it then reads NULL.
    public var shown: Head? { heads.first }

    public mutating func admit(_ incoming: Head, past: some CausalPast, kind: MergeKind) -> Admission {
        for stored in heads {
            if stored.stamp.dot == incoming.stamp.dot { return .repeated }
            if past.isSeen(by: stored.stamp) { return .superseded }
        }
        heads.removeAll { past.contains($0.stamp) }
        heads.append(incoming)
        if heads.count > 1 { heads.sort { Self.isShown($0, before: $1, kind: kind) } }
        return heads[0].stamp.dot == incoming.stamp.dot ? .shown : .conflicting
    }

    private static func isShown(_ left: Head, before right: Head, kind: MergeKind) -> Bool {
        switch kind {
        case .lww: right.stamp.isEarlier(than: left.stamp)
        }
    }
}
