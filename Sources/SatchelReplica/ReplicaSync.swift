import Logging
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelStore
import Synchronization

extension Replica {
    /// Sends what was written, then pulls to a checkpoint. What connections break, it mends: it begins again where it stopped,
    /// waits when the server asks it to (within `ReplicaConfiguration.patience`), fetches a new token, pulls everything anew
    /// when the server does not know the replica's cursor or rows are missing here. One sync runs at a time; others wait.
    ///
    /// - Parameter progress: told how far it has come; called from any thread.
    /// - Throws: `SatchelError`. `.unreachable`, `.streamTruncated`, `.busy`, `.shuttingDown`: the work is safe, sync again later.
    ///   `.certificateInvalid` says which check failed. Where `asksForEnrolment` is true, enrol again. Everything that was acknowledged
    ///   or applied before the error stays so.
    public func sync(progress: (@Sendable (SyncProgress) -> Void)? = nil) async throws -> SyncReport {
        try await gate.alone {
            let tally = SyncTally(progress)
            let before = try await refusedHere()
            try await persisting { extent in
                let session = try await self.session()
                // A cursor that the server does not know stands at the head of a push too: it goes first.
                if extent != .difference { try await pull(session, extent, tally) }
                try await push(session, tally)
                if extent == .difference {
                    try await pull(session, try await mayHoldUnlogged() ? .full : extent, tally)
                }
            }
            var report = tally.report
            report.refused += max(0, try await refusedHere() - before)
            return report
        }
    }

    /// Whether another program took the triggers away for a while: what it wrote then shows only when everything is compared.
    func mayHoldUnlogged() async throws -> Bool { try await file.transact { store, _ in try store.mayHoldUnlogged() } }

    /// What this device itself refused, of what another program wrote: found when a sync closes it.
    private func refusedHere() async throws -> Int {
        try await file.read { try $0.refusals().filter(\.id.isLocal).count }
    }

    /// Compares this replica, cell by cell, with what the server has for its user, and mends what differs. Pending work is
    /// kept and not compared. It pulls first, and compares at the very position where the replica then stands; when the
    /// organisation writes so much that the log has always moved on meanwhile, changes of that moment may be among what differs.
    ///
    /// - Throws: what `sync` throws.
    public func verify() async throws -> VerifyReport {
        try await gate.alone {
            let found = Mutex<ApplyReport?>(nil)
            let tally = SyncTally(nil)
            let rounds = Mutex(configuration.attempts)
            try await persisting { extent in
                let session = try await self.session()
                // A difference would go over what the log does not know of.
                let isUnlogged = try await mayHoldUnlogged()
                if !isUnlogged { try await pull(session, extent == .full ? .difference : extent, tally) }
                let isLast = rounds.withLock { rounds in
                    rounds -= 1
                    return rounds <= 1
                }
                let exchange = PullExchange(
                    file: file, engine: engine, session: session, configuration: configuration
                ) { event in
                    if case .applied(let report) = event { found.withLock { $0 = report } }
                }
                try await exchange.pull(
                    isUnlogged && extent == .anew ? .anew : .full, comparesOnly: !isLast && !isUnlogged)
            }
            guard let report = found.withLock({ $0 }) else { throw CancellationError() }
            return VerifyReport(position: report.position, differences: report.differences)
        }
    }

    /// Runs one attempt after another until one comes through, or another cannot help.
    private func persisting(_ attempt: (PullExtent) async throws -> Void) async throws {
        var persistence = SyncPersistence(attempts: configuration.attempts, patience: configuration.patience)
        var extent = PullExtent.difference
        while true {
            do {
                try await attempt(extent)
                return try await finishSync()
            } catch {
                configuration.logger.debug("An attempt to sync failed: \(error)")
                let step: SyncPersistence.Step
                do {
                    step = try persistence.step(after: error, jitter: Double.random(in: 0...1))
                } catch let final {
                    try await note(error)
                    throw final
                }
                switch step {
                case .again(let wait): try await Task.sleep(for: wait)
                case .pull(let wanted): extent = wanted
                }
            }
        }
    }

    private func push(_ session: Session, _ tally: SyncTally) async throws {
        let exchange = PushExchange(file: file, engine: engine, session: session, configuration: configuration)
        try await exchange.run { tally.add($0) }
    }

    private func pull(_ session: Session, _ extent: PullExtent, _ tally: SyncTally) async throws {
        let exchange = PullExchange(
            file: file, engine: engine, session: session, configuration: configuration
        ) { tally.add($0) }
        try await exchange.pull(extent)
    }
}

/// Adds up what one sync did, over all its attempts.
final class SyncTally: Sendable {
    private struct Sums {
        var report = SyncReport()
        var progress = SyncProgress()
    }

    private let sums = Mutex(Sums())
    private let told: (@Sendable (SyncProgress) -> Void)?

    init(_ told: (@Sendable (SyncProgress) -> Void)?) { self.told = told }

    var report: SyncReport { sums.withLock { $0.report } }

    func add(_ progress: PushProgress) {
        tell { sums in
            sums.report.add(progress)
            sums.progress.pushed = sums.report.pushed
        }
    }

    func add(_ event: PullExchange.Event) {
        tell { sums in
            switch event {
            case .receiving(let rows, let expected):
                sums.progress.received = rows
                sums.progress.expected = expected
            case .applied(let run): sums.report.add(run)
            }
        }
    }

    private func tell(_ change: (inout Sums) -> Void) {
        let progress = sums.withLock { sums in
            change(&sums)
            return sums.progress
        }
        told?(progress)
    }
}
