import Foundation
import SatchelProtocol
import SatchelReplica
import Testing

@Suite struct DeviceClockTests {
    @Test func theMachinesClocksAreReadTogether() throws {
        let clock = SystemClock()
        let first = clock.reading()
        let second = clock.reading()
        let now = Date().timeIntervalSince1970 * 1000
        #expect(abs(Double(first.wallMilliseconds) - now) < 60_000)
        #expect(second.uptimeMilliseconds >= first.uptimeMilliseconds)
        #expect(first.boot == second.boot)
        #if os(Linux)
            #expect(first.boot.count == 16)
            let uptime = try String(contentsOfFile: "/proc/uptime", encoding: .utf8).split(separator: " ")
            let seconds = try #require(uptime.first.flatMap { Double($0) })
            #expect(abs(Double(first.uptimeMilliseconds) / 1000 - seconds) < 60)
            // The kernel's own id names the machine to every program on it: it does not travel.
            let id = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
                .filter(\.isHexDigit).lowercased()
            #expect(!id.contains(first.boot.map { String(format: "%02x", $0) }.joined()))
        #endif
    }

    @Test func aManualClockMovesAsTold() {
        let clock = ManualClock(ClockReading(wallMilliseconds: 1_000, boot: [], uptimeMilliseconds: 10))
        clock.advance(milliseconds: 5)
        clock.setWall(milliseconds: 9_000)
        #expect(clock.reading() == ClockReading(wallMilliseconds: 9_000, boot: [], uptimeMilliseconds: 15))
    }
}
