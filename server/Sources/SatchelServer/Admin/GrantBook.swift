import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Grants and revokes, now or at a time. The last order on one user, role and scope decides: it replaces what was scheduled.
///
/// What is scheduled is written before what takes effect now, so that a crash between the two never leaves a right for
/// longer than was meant.
struct GrantBook: Sendable {
    private let schedule: GrantSchedule
    private let rules: @Sendable () throws -> Organisation
    private let govern: @Sendable ([GovernanceChange]) async throws -> Void

    /// - Parameters:
    ///   - rules: the organisation as it is now.
    ///   - govern: makes changes of the rules log entries; durable when it returns.
    init(
        schedule: GrantSchedule, rules: @escaping @Sendable () throws -> Organisation,
        govern: @escaping @Sendable ([GovernanceChange]) async throws -> Void
    ) {
        self.schedule = schedule
        self.rules = rules
        self.govern = govern
    }

    /// - Parameters:
    ///   - begins: a grant, which holds from the first moment until the second; or a revoke, which holds in the same way, so
    ///     that its second moment grants again. Nil is now, and for ever.
    ///   - now: milliseconds since 1970.
    /// - Throws: `usage` when the second moment is not after the first, or is over.
    func order(
        _ grant: Organisation.Grant, begins: Bool, from: UInt64?, until: UInt64?, now: UInt64
    ) async throws {
        if let until, until <= max(from ?? 0, now) {
            throw SatchelError(
                .usage, "The end is not after the beginning, or is over.",
                remedy: "Give --until a later moment than --from and now.")
        }
        var items: [ScheduledGrant] = []
        if let from, from > now { items.append(ScheduledGrant(grant: grant, begins: begins, at: from)) }
        if let until { items.append(ScheduledGrant(grant: grant, begins: !begins, at: until)) }
        try schedule.replace(grant, with: items)
        if (from ?? 0) <= now { try await put(grant, begins) }
    }

    /// Makes log entries of what is due, in the order of its times.
    /// - Returns: when the next one is due; nil when nothing is scheduled.
    func applyDue(now: UInt64) async throws -> UInt64? {
        for item in try schedule.all() {
            guard item.at <= now else { return item.at }
            try await put(item.grant, item.begins)
            try schedule.remove(item)
        }
        return nil
    }

    func scheduled() throws -> [ScheduledGrant] { try schedule.all() }

    /// Writes nothing where it is so already, as after a crash between an entry and the end of its schedule.
    private func put(_ grant: Organisation.Grant, _ begins: Bool) async throws {
        guard try rules().grants.contains(grant) != begins else { return }
        try await govern([begins ? .grant(grant) : .revoke(grant)])
    }
}
