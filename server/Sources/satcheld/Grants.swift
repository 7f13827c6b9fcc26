import ArgumentParser
import SatchelProtocol
import SatchelServer

struct EnrolCode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol-code", abstract: "Makes a code with which one device of a user enrols, once, within 15 minutes.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Whose device it is.")
    var user: String

    func run() async throws {
        guard case .enrolmentCode(let code) = try await common.ask(.enrolmentCode(user: user)) else {
            throw AdminGateway.misunderstood
        }
        if common.json {
            Output.json(.object([("code", .text(code.code)), ("user", .text(code.user)), ("expires", .text(code.expires))]))
        } else {
            Output.line(code.code)
        }
    }
}

struct Grant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives a user a role at a territory and below it.",
        discussion:
            "With times the role begins and ends by itself. It replaces what was planned for the same user, role and territory."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var terms: GrantTerms

    func run() async throws {
        let order = try terms.order()
        _ = try await common.ask(.grant(order))
        terms.tell(order, "\(order.user) holds \(order.role)", isJSON: common.json)
    }
}

struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes a role back.",
        discussion:
            "With --from it ends then; with --until it begins again then. What was planned for the same grant is replaced.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var terms: GrantTerms

    func run() async throws {
        let order = try terms.order()
        _ = try await common.ask(.revoke(order))
        terms.tell(order, "\(order.user) does not hold \(order.role)", isJSON: common.json)
    }
}

/// A user, a role, a scope, and times.
struct GrantTerms: ParsableArguments {
    @Option(help: "The user.")
    var user: String

    @Option(help: "A role of the policy.")
    var role: String

    @Option(help: "The territory; its subtree is covered too.")
    var territory: String?

    @Flag(help: "The scope `global`: not the whole tree. Who is to see everything holds a role at the tree's root.")
    var global = false

    @Option(help: ArgumentHelp("The first moment: 2026-11-22, or 2026-11-22T06:30:00Z.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("The first moment after.", valueName: "time"))
    var until: String?

    func validate() throws {
        if (territory != nil) == global { throw ValidationError("Give either --territory or --global.") }
    }

    func order() throws -> GrantOrder {
        GrantOrder(
            user: user, role: role, territory: territory, from: try from.map(GrantOrder.moment),
            until: try until.map(GrantOrder.moment))
    }

    func tell(_ order: GrantOrder, _ what: String, isJSON: Bool) {
        if isJSON {
            Output.json(
                .object([
                    ("user", .text(order.user)), ("role", .text(order.role)),
                    order.territory.map { ("territory", .text($0)) } ?? ("global", .boolean(true)), ("from", .text(from)),
                    ("until", .text(until)),
                ]))
        } else {
            let times = [from.map { " from \($0)" }, until.map { " until \($0)" }].compactMap(\.self).joined()
            Output.line("\(what) at \(order.territory ?? "global")\(times).")
        }
    }
}
