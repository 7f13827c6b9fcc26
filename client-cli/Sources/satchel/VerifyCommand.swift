import ArgumentParser
import SatchelCore
import SatchelReplica

struct VerifyCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare this replica with what the server has for you, and mend what differs.")

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        let replica = try await options.open()
        let report = try await replica.verify()
        await replica.close()
        output.result(Self.json(report), Self.text(report))
        if !report.isOK { throw ProgramStatus.failed }
    }

    private static func json(_ report: VerifyReport) -> JSON {
        .members([
            "ok": .bool(report.isOK), "position": .unsigned(report.position.number),
            "differs": .array(
                report.differences.map { difference in
                    .members([
                        "table": .string(difference.table), "id": .string(difference.id.text),
                        "field": .text(difference.field),
                    ])
                }),
        ])
    }

    private static func text(_ report: VerifyReport) -> String {
        if report.isOK { return "This replica is what the server has for you, at position \(report.position)." }
        var text = TextTable(["table", "id", "field"])
        for difference in report.differences { text.add([difference.table, difference.id.text, difference.field ?? "(row)"]) }
        return "These differed, and are mended now:\n" + text.text(widest: nil)
    }
}
