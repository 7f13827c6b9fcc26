import ArgumentParser
import SatchelServer

struct Users: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "The people.", subcommands: [List.self, Add.self, Disable.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the users and their grants.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            guard case .users(let users) = try await common.ask(.users) else { throw AdminGateway.misunderstood }
            if common.json {
                Output.json(.array(users.map(Users.json)))
            } else {
                Output.table(
                    ["ID", "NAME", "STATE", "GRANTS"],
                    users.map { [$0.id, $0.name, $0.isDisabled ? "disabled" : "", Users.text($0)] })
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a user, who holds nothing yet.")

        @OptionGroup var common: CommonOptions

        @Option(help: "The user's id, which they keep.")
        var id: String

        @Option(help: "The user's name (default: the id).")
        var name: String?

        func run() async throws {
            _ = try await common.ask(.addUser(id: id, name: name ?? id))
            if common.json { Output.json(.object([("id", .text(id))])) } else { Output.line("Added \(id).") }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shuts a user out, with all their devices, at once.")

        @OptionGroup var common: CommonOptions

        @Option(help: "The user.")
        var id: String

        func run() async throws {
            _ = try await common.ask(.disableUser(id: id))
            if common.json {
                Output.json(.object([("id", .text(id)), ("disabled", .boolean(true))]))
            } else {
                Output.line("\(id) is disabled.")
            }
        }
    }

    private static func json(_ user: UserReply) -> JSON {
        .object([
            ("id", .text(user.id)), ("name", .text(user.name)), ("disabled", .boolean(user.isDisabled)),
            ("grants", .array(user.grants.map { .object([("role", .text($0.role)), scope($0.territory)]) })),
            (
                "scheduled",
                .array(
                    user.scheduled.map {
                        .object([
                            ("role", .text($0.role)), scope($0.territory), ($0.begins ? "begins" : "ends", .text($0.at)),
                        ])
                    })
            ),
        ])
    }

    private static func scope(_ territory: String?) -> (String, JSON) {
        territory.map { ("territory", .text($0)) } ?? ("global", .boolean(true))
    }

    private static func text(_ user: UserReply) -> String {
        let held = user.grants.map { "\($0.role) at \($0.territory ?? "global")" }
        let scheduled = user.scheduled.map {
            "\($0.role) at \($0.territory ?? "global") \($0.begins ? "begins" : "ends") \($0.at)"
        }
        return (held + scheduled).joined(separator: ", ")
    }
}
