import Foundation
import SatchelProtocol
import Synchronization
import Testing

@testable import SatchelServer

struct PassGateTests {
    @Test func thePlacesAreKeptAndTheLineMovesOn() async throws {
        let gate = PassGate(count: 2)
        let inside = Occupancy()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await gate.withPlace {
                        inside.enter()
                        for _ in 0..<10 { await Task.yield() }
                        inside.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.most == 2 && inside.now == 0)
        gate.close()
        await #expect(throws: Failure.self) { try await gate.withPlace {} }
    }
}

/// How many are somewhere, and were at most.
private final class Occupancy: Sendable {
    private let counts = Mutex([0, 0])

    var now: Int { counts.withLock { $0[0] } }
    var most: Int { counts.withLock { $0[1] } }

    func enter() {
        counts.withLock { counts in
            counts[0] += 1
            counts[1] = max(counts[1], counts[0])
        }
    }

    func leave() { counts.withLock { $0[0] -= 1 } }
}

struct FrameChannelTests {
    @Test func aSlowReaderMakesThePassWaitAndTooSlowOneEndsIt() async throws {
        var limits = ServerLimits()
        limits.passBytes = 10
        limits.stall = .milliseconds(100)
        let channel = FrameChannel(limits: limits)
        let sent = Mutex(0)
        let pass = Task.detached {
            try await Blocking.serial("test").run {
                for _ in 0..<5 {
                    try channel.send([UInt8](repeating: 1, count: 6))
                    sent.withLock { $0 += 1 }
                }
            }
        }
        await #expect(throws: Failure.self) { try await pass.value }
        #expect(sent.withLock { $0 } == 2)
        channel.finish(.shuttingDown)
        #expect(await channel.next() == .end(.shuttingDown))
    }

    @Test func whatIsAbandonedStopsThePass() async throws {
        var limits = ServerLimits()
        limits.passBytes = 1
        let channel = FrameChannel(limits: limits)
        let pass = Task.detached {
            try await Blocking.serial("test").run { for _ in 0..<5 { try channel.send([1]) } }
        }
        #expect(await channel.next() == .bytes([1]))
        channel.abandon()
        await #expect(throws: FrameChannel.Abandoned.self) { try await pass.value }
    }

    @Test func everythingArrivesInOrder() async throws {
        var limits = ServerLimits()
        limits.passBytes = 64
        let channel = FrameChannel(limits: limits)
        let pass = Task.detached {
            try await Blocking.serial("test").run {
                for byte in 0..<1000 { try channel.send([UInt8(truncatingIfNeeded: byte)]) }
                channel.finish(nil)
            }
        }
        var received: [UInt8] = []
        loop: while true {
            switch await channel.next() {
            case .bytes(let bytes): received += bytes
            case .heartbeat: break
            case .end(let failure):
                #expect(failure == nil)
                break loop
            }
        }
        try await pass.value
        #expect(received == (0..<1000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func aLittleNowAndThenIsNotEnough() async throws {
        var limits = ServerLimits()
        limits.passBytes = 1
        limits.stall = .seconds(5)
        limits.patience = .milliseconds(200)
        let channel = FrameChannel(limits: limits)
        let pass = Task.detached {
            try await Blocking.serial("test").run { while true { try channel.send([1]) } }
        }
        let reader = Task {
            while !Task.isCancelled {
                _ = await channel.next()
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        await #expect(throws: Failure.self) { try await pass.value }
        reader.cancel()
        channel.finish(nil)
    }
}
