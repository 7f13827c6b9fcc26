import ArgumentParser
import SatchelServer

struct Replicas: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replica", abstract: "The enrolled devices.", subcommands: [List.self, Revoke.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists every replica that was ever enrolled.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            guard case .replicas(let replicas) = try await common.ask(.replicas) else { throw AdminGateway.misunderstood }
            if common.json {
                Output.json(
                    .array(
                        replicas.map {
                            .object([
                                ("replica", .text($0.id)), ("user", .text($0.user)), ("device", .text($0.device)),
                                ("enrolled", .text($0.enrolled)), ("revoked", .boolean($0.isRevoked)),
                            ])
                        }))
            } else {
                Output.table(
                    ["REPLICA", "USER", "DEVICE", "ENROLLED", "STATE"],
                    replicas.map { [$0.id, $0.user, $0.device, $0.enrolled, $0.isRevoked ? "revoked" : ""] })
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shuts a device out, at once and for ever.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The replica's id, as `replica list` shows it.")
        var id: String

        func run() async throws {
            _ = try await common.ask(.revokeReplica(id: id))
            if common.json {
                Output.json(.object([("replica", .text(id)), ("revoked", .boolean(true))]))
            } else {
                Output.line("\(id) is revoked.")
            }
        }
    }
}
