import ArgumentParser
import SatchelReplica

struct SyncCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Send what you wrote and fetch what changed.",
        discussion: "With --live it stays and prints each change as it comes, until it is interrupted.")

    @Flag(help: "Stay connected and print each change.")
    var live = false

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let report: SyncReport
        do {
            defer { output.endProgress() }
            report = try await replica.sync { progress in
                output.progress(
                    "sent \(progress.pushed), received \(progress.received)\(progress.expected.map { " of about \($0)" } ?? "") rows"
                )
            }
        }
        output.result(Self.json(report), Self.sentence(report))
        if live { return try await follow(replica, output) }
        await replica.close()
        if report.refused > 0 {
            output.note("Something was refused: see satchel refused.")
            throw ProgramStatus.refused
        }
    }

    private func follow(_ replica: Replica, _ output: Output) async throws {
        let interruption = Interruption()
        try await interruption.whileNot {
            for try await event in replica.live() {
                switch event {
                case .synced(let report, let changes):
                    output.result(Self.json(report, changes), Self.lines(report, changes))
                case .offline(_, let message, let milliseconds):
                    output.note("\(message) Trying again in \(max(1, milliseconds / 1000)) s.")
                }
            }
        }
        await replica.close()
    }

    static func json(_ report: SyncReport, _ changes: [RowChange]? = nil) -> JSON {
        var members: [JSON.Member] = [
            .init(name: "pushed", value: .integer(Int64(report.pushed))),
            .init(name: "pulled", value: .integer(Int64(report.pulled))),
            .init(name: "left", value: .integer(Int64(report.left))),
            .init(name: "refused", value: .integer(Int64(report.refused))),
            .init(name: "conflicts", value: .integer(Int64(report.conflicts))),
            .init(name: "position", value: report.position.map { .unsigned($0.number) } ?? .null),
        ]
        if let changes {
            let listed = changes.map { change in
                JSON.members([
                    "table": .string(change.table), "id": .string(change.id.text), "op": .string(change.kind.rawValue),
                ])
            }
            members.append(.init(name: "changes", value: .array(listed)))
        }
        return .object(members)
    }

    static func sentence(_ report: SyncReport) -> String {
        var parts = ["sent \(report.pushed)", "received \(report.pulled)"]
        if report.left > 0 { parts.append("left \(report.left)") }
        if report.refused > 0 { parts.append("refused \(report.refused)") }
        if report.conflicts > 0 { parts.append("conflicts \(report.conflicts)") }
        return parts.joined(separator: ", ") + "; position \(report.position?.description ?? "none")"
    }

    private static func lines(_ report: SyncReport, _ changes: [RowChange]) -> String {
        let lines = changes.map { "\($0.kind.rawValue) \($0.table) \(TextTable.printable($0.id.text))" }
        return (lines + [sentence(report)]).joined(separator: "\n")
    }
}
