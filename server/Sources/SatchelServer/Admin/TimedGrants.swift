import SatchelFiles
import SatchelPolicy

/// The grants of `organisation.yaml` as what holds when an organisation begins, and what is to happen later.
enum TimedGrants {
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: beginnings and ends still to come. What several entries for one user, role and scope say together counts:
    ///   the end of one within another ends nothing.
    static func schedule(_ grants: [OrganisationFile.TimedGrant], after now: UInt64) -> [ScheduledGrant] {
        Dictionary(grouping: grants) { $0.grant }.flatMap { grant, entries in
            union(entries.map { ($0.from ?? 0, $0.until ?? .max) }).flatMap { from, until in
                var items: [ScheduledGrant] = []
                if from > now { items.append(ScheduledGrant(grant: grant, begins: true, at: from)) }
                if until > now, until < .max { items.append(ScheduledGrant(grant: grant, begins: false, at: until)) }
                return items
            }
        }
    }

    private static func union(_ intervals: [(from: UInt64, until: UInt64)]) -> [(from: UInt64, until: UInt64)] {
        intervals.sorted { $0.from < $1.from }.reduce(into: []) { out, next in
            if let last = out.last, next.from <= last.until {
                out[out.count - 1].until = max(last.until, next.until)
            } else {
                out.append(next)
            }
        }
    }
}
