import SatchelCore
import SatchelProtocol

/// Fixes a transaction's stamp, once, at admission (DESIGN §4, "Time").
///
/// The physical part is the estimate of true time when it was written: by uptime where the device has not rebooted since,
/// whatever its wall clock was set to in between; else by its wall clock, corrected by the skew measured at the push. It is
/// clamped to the log's clock above, so that a clock in the future wins nothing, and to the causal floor below, which
/// always wins, by the logical part.
public enum AdmissionClock {
    /// - Parameters:
    ///   - written: the device's clocks at the commit.
    ///   - pushed: the device's clocks at the push.
    ///   - received: the server's wall clock at the push, milliseconds since 1970.
    ///   - floor: the greatest stamp in the transaction's causal context.
    ///   - log: the greatest stamp in the log.
    public static func time(
        written: ClockReading, pushed: ClockReading, received: UInt64, floor: HLC, log: HLC
    ) -> HLC {
        let ceiling = max(received, log.milliseconds)
        let estimate = HLC(milliseconds: min(estimate(written, pushed, received), ceiling), logical: 0)
        return estimate > floor ? estimate : floor.successor
    }

    private static func estimate(_ written: ClockReading, _ pushed: ClockReading, _ received: UInt64) -> UInt64 {
        let sameBoot = !written.boot.isEmpty && written.boot == pushed.boot
        if sameBoot, pushed.uptimeMilliseconds >= written.uptimeMilliseconds {
            return received.saturatingSubtract(pushed.uptimeMilliseconds - written.uptimeMilliseconds)
        }
        if pushed.wallMilliseconds >= written.wallMilliseconds {
            return received.saturatingSubtract(pushed.wallMilliseconds - written.wallMilliseconds)
        }
        let ahead = written.wallMilliseconds - pushed.wallMilliseconds
        let (sum, overflow) = received.addingReportingOverflow(ahead)
        return overflow ? .max : sum
    }
}

extension UInt64 {
    func saturatingSubtract(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
