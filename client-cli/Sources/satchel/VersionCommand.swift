import ArgumentParser
import SatchelProtocol

struct VersionCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the versions of program and wire.")

    static let text = "0.1.0"

    @OptionGroup var options: ReplicaOptions

    func run(_ output: Output) async throws {
        output.result(
            .members(["version": .string(Self.text), "wire": .integer(Int64(Limits.wireVersion))]),
            "satchel \(Self.text), wire \(Limits.wireVersion)")
    }
}
