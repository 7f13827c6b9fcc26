import ArgumentParser
import Foundation
import SatchelProtocol
import SatchelReplica

/// What the program ends with (COMMANDS.md).
enum ProgramStatus: Int32, Error {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3
    case refused = 4
    case mustEnrol = 5

    init(_ error: SatchelError) {
        switch error.code {
        case .usage: self = .usage
        case .unreachable, .streamTruncated, .busy, .shuttingDown: self = .unreachable
        default: self = error.asksForEnrolment ? .mustEnrol : .failed
        }
    }
}

/// One run of the program: finds `--json` and `--replica` wherever they stand, parses the rest, runs it, and turns whatever
/// happens into an exit status.
struct Invocation {
    let arguments: [String]
    let output: Output

    init(_ arguments: [String]) {
        var rest: [String] = []
        var replica: [String] = []
        var isJSON = false
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                rest += arguments[(index - 1)...]
                break
            } else if argument == "--json" {
                isJSON = true
            } else if argument == "--replica", index < arguments.count {
                replica = [argument, arguments[index]]
                index += 1
            } else if argument.hasPrefix("--replica=") {
                replica = [argument]
            } else {
                rest.append(argument)
            }
        }
        // An option belongs to a command here, so what stood before the command moves behind its name.
        let place = rest.firstIndex { !$0.hasPrefix("-") }
        if let place { rest.insert(contentsOf: replica, at: place + 1) }
        self.arguments = rest
        output = Output(isJSON: isJSON)
    }

    func run() async -> ProgramStatus {
        let command: any ParsableCommand
        do {
            command = try Satchel.parseAsRoot(arguments)
        } catch {
            return explain(error)
        }
        do {
            guard let command = command as? any ReplicaCommand else {
                return help(command)
            }
            try await command.run(output)
            return .done
        } catch let status as ProgramStatus {
            return status
        } catch let error as SatchelError {
            output.failure(error)
            return ProgramStatus(error)
        } catch {
            let error = SatchelError(
                .internalError, "Something went wrong that this program does not know: \(error).",
                remedy: "Report this to the admin.")
            output.failure(error)
            return .failed
        }
    }

    /// `help COMMAND` and `COMMAND --help` are commands of the parser's own, which answer by throwing.
    private func help(_ command: any ParsableCommand) -> ProgramStatus {
        var command = command
        if !(command is Satchel) {
            do { try command.run() } catch { return explain(error) }
        }
        output.result(.text(Satchel.helpMessage()), Satchel.helpMessage())
        return .done
    }

    /// Help and the version are what was asked for; everything else that parsing throws is a usage error.
    private func explain(_ error: any Error) -> ProgramStatus {
        let text = Satchel.fullMessage(for: error)
        if Satchel.exitCode(for: error).isSuccess {
            output.result(.text(text), text)
            return .done
        }
        let message = Satchel.message(for: error)
        output.failure(
            SatchelError(.usage, message.hasSuffix(".") ? message : message + ".", remedy: "See satchel --help."))
        return .usage
    }
}
