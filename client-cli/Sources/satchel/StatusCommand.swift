import ArgumentParser
import SatchelCore
import SatchelPolicy
import SatchelReplica

struct StatusCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "How this replica stands.")

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let status = options.exists ? try await options.open().status() : ReplicaStatus(state: .notEnrolled)
        output.result(Self.json(status), text(status))
    }

    static func json(_ status: ReplicaStatus) -> JSON {
        .members([
            "user": .text(status.user), "replica": .text(status.replica?.description),
            "state": .string(status.state.rawValue),
            "position": status.position.map { .unsigned($0.number) } ?? .null,
            "pending": .integer(Int64(status.pending)), "refused": .integer(Int64(status.refused)),
            "conflicts": .integer(Int64(status.conflicts)),
            "lastSync": .text(Times.text(status.lastSyncMilliseconds)), "server": .text(status.server),
            "blankingPending": .bool(status.isBlankingPending),
        ])
    }

    private func text(_ status: ReplicaStatus) -> String {
        var lines = [
            ("file", options.path), ("user", status.user ?? "none"), ("replica", status.replica?.description ?? "none"),
            ("server", status.server ?? "none"), ("state", Self.explanation(status.state)),
            ("position", status.position?.description ?? "none"), ("pending", String(status.pending)),
            ("refused", String(status.refused)), ("conflicts", String(status.conflicts)),
            ("last sync", Times.text(status.lastSyncMilliseconds) ?? "never"),
        ]
        if status.isBlankingPending {
            lines.append(("blanking", "pending: another program holds the file open; close it and sync again"))
        }
        return lines.map { name, value in
            name + String(repeating: " ", count: 11 - name.count) + TextTable.printable(value)
        }.joined(separator: "\n")
    }

    private static func explanation(_ state: ReplicaStatus.State) -> String {
        switch state {
        case .notEnrolled: "not-enrolled (enrol with a code from your admin)"
        case .bootstrapping: "bootstrapping (sync to fetch your data)"
        case .ready: "ready"
        case .revoked: "revoked (enrol again with a new code; pending work stays)"
        }
    }
}

/// Moments as ISO 8601 in UTC.
enum Times {
    static func text(_ milliseconds: UInt64?) -> String? {
        milliseconds.flatMap { Int64(exactly: $0) }.flatMap(CivilTime.text)
    }
}
