import Crypto
import SatchelProtocol
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A device's clocks, read together. Tests and simulators put their own in `ReplicaConfiguration.clock`.
public protocol DeviceClock: Sendable {
    func reading() -> ClockReading
}

/// The clocks of the machine that the program runs on.
public struct SystemClock: DeviceClock {
    public init() {}

    public func reading() -> ClockReading {
        ClockReading(
            wallMilliseconds: Self.milliseconds(CLOCK_REALTIME), boot: Self.boot,
            uptimeMilliseconds: Self.milliseconds(Self.sinceBoot))
    }

    #if os(Linux)
        private static let sinceBoot = CLOCK_BOOTTIME
    #else
        // Darwin's monotonic clock runs on in sleep, as Linux's boot-time clock does.
        private static let sinceBoot = CLOCK_MONOTONIC
    #endif

    /// Names this run of the kernel without telling its own id for it: that one names the machine to every program on it.
    private static let boot: [UInt8] = {
        let id = bootIdentifier()
        guard !id.isEmpty else { return [] }
        var hash = SHA256()
        hash.update(data: Array("satchel-boot-v1".utf8))
        hash.update(data: id)
        return Array(hash.finalize().prefix(16))
    }()

    private static func bootIdentifier() -> [UInt8] {
        #if os(Linux)
            let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return [] }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = bytes.withUnsafeMutableBytes { DescriptorFile.read(into: $0, from: descriptor) }
            return Array(bytes.prefix(count ?? 0))
        #else
            var size = 0
            guard sysctlbyname("kern.bootsessionuuid", nil, &size, nil, 0) == 0 else { return [] }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("kern.bootsessionuuid", &bytes, &size, nil, 0) == 0 else { return [] }
            return Array(bytes.prefix(size))
        #endif
    }

    private static func milliseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0, time.tv_sec >= 0 else { return 0 }
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}

/// A clock that stands still until it is told to move.
public final class ManualClock: DeviceClock {
    private let now: Mutex<ClockReading>

    public init(_ reading: ClockReading) { now = Mutex(reading) }

    public func reading() -> ClockReading { now.withLock { $0 } }

    /// Lets time pass: the wall clock and the uptime go on together.
    public func advance(milliseconds: UInt64) {
        now.withLock {
            $0.wallMilliseconds += milliseconds
            $0.uptimeMilliseconds += milliseconds
        }
    }

    /// Sets the wall clock, as a person might; the uptime does not notice.
    public func setWall(milliseconds: UInt64) { now.withLock { $0.wallMilliseconds = milliseconds } }
}
