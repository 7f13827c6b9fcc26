import SatchelProtocol

/// The nonces that are out to be signed: each good once, for `Limits.nonceSeconds`, at most `Limits.nonces` at a time, the
/// oldest given up first.
struct NonceBook: Sendable {
    static let bytes = 32

    private let capacity: Int
    private let milliseconds: UInt64
    private var expiry: [[UInt8]: UInt64] = [:]
    /// In the order of issue, used ones included until their turn comes.
    private var order: [[UInt8]] = []
    private var first = 0

    init(capacity: Int = Limits.nonces, seconds: Int = Limits.nonceSeconds) {
        self.capacity = capacity
        milliseconds = UInt64(seconds) * 1000
    }

    var count: Int { expiry.count }

    mutating func issue(now: UInt64, using random: inout some RandomNumberGenerator) -> [UInt8] {
        let nonce = (0..<Self.bytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        expiry[nonce] = now + milliseconds
        order.append(nonce)
        while order.count - first > capacity || isOver(now) {
            expiry[order[first]] = nil
            first += 1
        }
        if first > capacity {
            order.removeFirst(first)
            first = 0
        }
        return nonce
    }

    /// - Returns: whether the nonce was out and in time. Either way it is no more.
    mutating func redeem(_ nonce: [UInt8], now: UInt64) -> Bool {
        guard let end = expiry.removeValue(forKey: nonce) else { return false }
        return now < end
    }

    private func isOver(_ now: UInt64) -> Bool {
        guard first < order.count else { return false }
        guard let end = expiry[order[first]] else { return true }
        return end <= now
    }
}
