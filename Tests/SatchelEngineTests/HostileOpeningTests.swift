import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

/// Numbers at their limits in what a client states about itself: an answer, never a trap.
@Suite struct HostileOpeningTests {
    let bench = Bench()
    let sealer = CursorSealer(key: Array(repeating: 1, count: 32))

    private func commitment(last: UInt64, confirmed: UInt64 = 0) -> Commitment {
        Commitment(cursor: nil, lastCounter: last, runningHash: RunningHash.start, confirmedThrough: confirmed)
    }

    private func push(base: UInt64, last: UInt64, confirmed: UInt64 = 0) throws -> Failure? {
        var session = PushSession(replica: Bench.replica("anna"), user: "anna", receivedMilliseconds: .max, sealer: sealer)
        let clock = ClockReading(wallMilliseconds: .max, boot: [], uptimeMilliseconds: .max)
        let open = PushOpen(
            commitment: commitment(last: last, confirmed: confirmed), baseCounter: base, baseHash: RunningHash.start,
            clock: clock)
        return try bench.store.read { try session.open(open, reader: $0) }
    }

    @Test func aPushOpening() throws {
        #expect(try push(base: .max, last: .max)?.code == .counterGap)
        #expect(try push(base: 0, last: 0, confirmed: .max)?.code == .malformed)
        #expect(try push(base: 0, last: .max, confirmed: .max) == nil)
    }

    @Test func aPullOpening() throws {
        try bench.company(1)
        func pull(_ commitment: Commitment) throws -> (Failure?, [PullFrame]) {
            var session = PullSession(
                open: PullOpen(commitment: commitment, schemaVersion: .max, isLive: false), replica: Bench.replica("anna"),
                user: "anna", sealer: sealer, cipher: RootCipher(key: Array(repeating: 1, count: 32)))
            return try bench.store.read { reader in
                if let failure = try session.begin(reader) { return (failure, []) }
                var frames: [PullFrame] = []
                while true {
                    let more = try session.next(reader)
                    if more.isEmpty { return (nil, frames) }
                    frames += more
                }
            }
        }
        #expect(try pull(commitment(last: 1, confirmed: .max)).0?.code == .malformed)
        let (failure, frames) = try pull(commitment(last: .max, confirmed: .max))
        #expect(failure == nil)
        guard case .checkpoint(let checkpoint) = frames.last else {
            Issue.record("no checkpoint")
            return
        }
        #expect(checkpoint.appliedThrough == 1)
        #expect(try pull(commitment(last: 0)).0?.code == .replicaDiverged)
    }
}
