import ArgumentParser
import Foundation
import SatchelServer

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says how the organisation and its server are.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard case .status(let status) = try await common.ask(.status) else { throw AdminGateway.misunderstood }
        if common.json {
            Output.json(Self.json(status))
        } else {
            for (name, value) in Self.lines(status) {
                Output.line(name.padding(toLength: 14, withPad: " ", startingAt: 0) + value)
            }
        }
    }

    private static func json(_ status: ServerStatus) -> JSON {
        .object([
            ("organisation", .text(status.organisation)), ("serving", .boolean(status.isServing)),
            ("address", .text(status.address)),
            ("schema", .text(status.schema)), ("schemaVersion", .number(status.schemaVersion)),
            ("policy", .text(status.policy)),
            ("policyVersion", .number(status.policyVersion)), ("epoch", .text(status.epoch)),
            ("position", .number(Int(clamping: status.position))), ("territories", .number(status.territories)),
            ("users", .number(status.users)), ("replicas", .number(status.replicas)), ("grants", .number(status.grants)),
            ("scheduledGrants", .number(status.scheduledGrants)), ("storeBytes", .number(status.storeBytes)),
            ("certificateExpires", .text(status.certificateExpires)),
        ])
    }

    private static func lines(_ status: ServerStatus) -> [(String, String)] {
        [
            ("organisation", status.organisation), ("server", status.address ?? "not running"),
            ("schema", "\(status.schema) version \(status.schemaVersion)"),
            ("policy", "\(status.policy) version \(status.policyVersion)"),
            ("log", "position \(status.position), epoch \(status.epoch)"), ("territories", "\(status.territories)"),
            ("users", "\(status.users)"), ("replicas", "\(status.replicas)"),
            ("grants", "\(status.grants), \(status.scheduledGrants) changes scheduled"),
            ("store", "\(status.storeBytes) bytes"),
            ("certificate", status.certificateExpires.map { "until \($0)" } ?? "cannot be read"),
        ]
    }
}
