import Foundation

/// Milliseconds since 1970. Time comes in from outside, so that tests set it.
public typealias ServerClock = @Sendable () -> UInt64

/// The machine's own wall clock.
public let systemClock: ServerClock = { UInt64(max(0, Date().timeIntervalSince1970 * 1000)) }
