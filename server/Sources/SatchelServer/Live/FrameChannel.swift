import Foundation
import SatchelProtocol

/// Encoded frames on their way from a pass, which runs on a thread and holds a snapshot, to a connection, which takes them as
/// fast as its client reads. Bounded: a slow reader makes the pass wait, and too slow a one ends it.
final class FrameChannel: @unchecked Sendable {  // every variable is used only while `condition` is locked
    enum Item: Sendable, Hashable {
        /// One or more frames.
        case bytes([UInt8])
        /// Nothing for a while: say that the connection lives.
        case heartbeat
        case end(Failure?)
    }

    /// Thrown into the pass when nobody wants its frames any more.
    struct Abandoned: Error {}

    private let condition = NSCondition()
    private let limits: ServerLimits
    private var pending: [UInt8] = []
    private var end: Failure??
    private var isAbandoned = false
    private var needsHeartbeat = false
    private var consumer: CheckedContinuation<Item, Never>?
    private var sent = 0
    private var waited = Duration.zero

    init(limits: ServerLimits) { self.limits = limits }

    // MARK: The pass's side: blocking

    /// - Parameter frame: with its length before it.
    /// - Throws: `Abandoned`, or a `Failure` `.busy` that the client is told when it was too slow.
    func send(_ frame: [UInt8]) throws {
        condition.lock()
        defer { condition.unlock() }
        try waitForRoom()
        sent += frame.count
        pending += frame
        handOver()
    }

    /// - Throws: `Abandoned`.
    func check() throws {
        if condition.withLock({ isAbandoned }) { throw Abandoned() }
    }

    /// - Parameter failure: what went wrong; nil when all is said. What of the pass waits unsent after a failure is dropped.
    func finish(_ failure: Failure?) {
        condition.withLock {
            guard end == nil else { return }
            if failure != nil { pending = [] }
            end = .some(failure)
            handOver()
        }
    }

    private func waitForRoom() throws {
        let start = ContinuousClock.now
        defer { waited += ContinuousClock.now - start }
        let allowance = limits.patience + .seconds(sent / limits.slowestBytesPerSecond) - waited
        let patience = min(limits.stall, max(allowance, .zero))
        let deadline = Date(timeIntervalSinceNow: patience.inSeconds)
        while !isAbandoned, !pending.isEmpty, pending.count >= limits.passBytes {
            guard condition.wait(until: deadline) else { throw Self.tooSlow }
        }
        if isAbandoned { throw Abandoned() }
    }

    private static let tooSlow = Failure(
        code: .busy, message: "The connection is too slow for what is to be sent.", action: .retryAfter(seconds: 30))

    // MARK: The connection's side

    func next() async -> Item {
        await withCheckedContinuation { continuation in
            condition.withLock {
                consumer = continuation
                handOver()
            }
        }
    }

    /// Nothing more will be read.
    func abandon() {
        condition.withLock {
            isAbandoned = true
            pending = []
            condition.broadcast()
        }
    }

    /// Asks whoever reads to send a heartbeat, if there is nothing better to send.
    func offerHeartbeat() {
        condition.withLock {
            needsHeartbeat = true
            handOver()
        }
    }

    private func handOver() {
        guard let consumer else { return }
        let item: Item
        if !pending.isEmpty {
            item = .bytes(pending)
            pending = []
            needsHeartbeat = false
        } else if let end {
            item = .end(end)
        } else if needsHeartbeat {
            item = .heartbeat
            needsHeartbeat = false
        } else {
            return
        }
        self.consumer = nil
        condition.broadcast()
        consumer.resume(returning: item)
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
