/// Waits between attempts: exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015), so that a fleet
/// that lost its server does not return all at once.
public struct Backoff: Sendable {
    private let baseMilliseconds: UInt64
    private let greatestMilliseconds: UInt64
    private var attempt: UInt64 = 0

    public init(baseMilliseconds: UInt64 = 500, greatestMilliseconds: UInt64 = 60_000) {
        self.baseMilliseconds = baseMilliseconds
        self.greatestMilliseconds = greatestMilliseconds
    }

    /// The next wait in milliseconds, at least `atLeast` when the server asked for it.
    public mutating func next(atLeast: UInt64 = 0, random: inout some RandomNumberGenerator) -> UInt64 {
        let ceiling = min(greatestMilliseconds, baseMilliseconds << min(attempt, 16))
        attempt += 1
        return max(atLeast, UInt64.random(in: baseMilliseconds / 2...max(ceiling, baseMilliseconds / 2), using: &random))
    }

    /// Something went well: the next failure is the first.
    public mutating func reset() { attempt = 0 }
}
