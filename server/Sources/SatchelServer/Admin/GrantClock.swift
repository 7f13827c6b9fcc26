import Logging
import SatchelProtocol
import ServiceLifecycle

/// Begins and ends time-limited grants at their moments while the server runs, and at its start those that fell due before.
/// Between them it looks at nothing but the clock.
public struct GrantClock: Service {
    private let applyDue: @Sendable () async throws -> UInt64?
    private let milliseconds: ServerClock
    private let changed: WakeSignal
    private let logger: Logger

    /// - Parameters:
    ///   - changed: raised when the schedule has changed.
    ///   - applyDue: applies what is due and tells when the next is, milliseconds since 1970.
    init(
        changed: WakeSignal, milliseconds: @escaping ServerClock = systemClock, logger: Logger,
        applyDue: @escaping @Sendable () async throws -> UInt64?
    ) {
        self.changed = changed
        self.applyDue = applyDue
        self.milliseconds = milliseconds
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var next = await apply()
            while !Task.isCancelled {
                await wait(until: next)
                guard !Task.isCancelled else { return }
                next = await apply()
            }
        }
    }

    /// A failure is tried again, as an earlier one would be lost without it.
    private func apply() async -> UInt64? {
        do {
            return try await applyDue()
        } catch is CancellationError {
            return nil
        } catch {
            logger.error("Scheduled grants cannot be applied; they are tried again.", metadata: ["error": "\(error)"])
            return milliseconds() + UInt64(AdminLimits.clockSeconds * 1000)
        }
    }

    /// Until the moment has come by the wall clock, or the schedule has changed.
    private func wait(until moment: UInt64?) async {
        await withTaskGroup { group in
            group.addTask { [changed] in await changed.wait() }
            if let moment {
                group.addTask {
                    while !Task.isCancelled, milliseconds() < moment {
                        // In short steps: the wall clock may be set meanwhile.
                        let left = moment - min(milliseconds(), moment)
                        try? await Task.sleep(for: .milliseconds(min(left, UInt64(AdminLimits.clockSeconds * 1000))))
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
