/// A hybrid logical clock reading (Kulkarni et al., "Logical Physical Clocks", 2014): Unix milliseconds of estimated true
/// time, then a logical counter that keeps causes before effects when physical time does not.
public struct HLC: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: UInt64
    public var logical: UInt32

    public init(milliseconds: UInt64, logical: UInt32) {
        self.milliseconds = milliseconds
        self.logical = logical
    }

    public static let zero = HLC(milliseconds: 0, logical: 0)

    public static func < (left: HLC, right: HLC) -> Bool {
        (left.milliseconds, left.logical) < (right.milliseconds, right.logical)
    }

    /// The smallest reading after this one. The logical part carries into the physical one when it is full; the last reading
    /// of all is its own successor, since beginning again at zero would put effects before their causes.
    public var successor: HLC {
        if logical < .max { return HLC(milliseconds: milliseconds, logical: logical + 1) }
        return milliseconds < .max ? HLC(milliseconds: milliseconds + 1, logical: 0) : self
    }
}
