import Foundation

/// What a program did.
struct Outcome {
    let exitCode: Int32
    let output: String
    let errors: String

    /// The one JSON value on standard output.
    func json() throws -> Any {
        try JSONSerialization.jsonObject(with: Data(output.utf8), options: [.fragmentsAllowed])
    }

    var object: [String: Any] { ((try? json()) as? [String: Any]) ?? [:] }
    var rows: [[String: Any]] { ((try? json()) as? [[String: Any]]) ?? [] }
    var line: String { output.trimmingCharacters(in: .whitespacesAndNewlines) }
    var errorCode: String? { (object["error"] as? [String: Any])?["code"] as? String }
}

struct TestFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The programs under test, as built beside the tests.
enum Programs {
    static let folder: URL = {
        if let given = ProcessInfo.processInfo.environment["SATCHEL_BIN"] { return URL(fileURLWithPath: given) }
        return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }()

    static func path(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// Runs a program to its end.
    /// - Throws: when it takes longer than the deadline; it is killed then.
    static func run(_ name: String, _ arguments: [String], in directory: URL? = nil, seconds: Double = 60) throws -> Outcome {
        let running = try RunningProgram(path(name), arguments, in: directory)
        guard running.wait(seconds: seconds) else {
            running.kill()
            throw TestFault("\(name) \(arguments.joined(separator: " ")) did not end within \(seconds) s: \(running.errors)")
        }
        return Outcome(exitCode: running.exitCode, output: running.output, errors: running.errors)
    }
}

/// A program that runs beside the test. What it writes goes to files, so that no pipe can fill up and hold it.
final class RunningProgram: @unchecked Sendable {  // its state is Process's own, and files
    private let process = Process()
    private let outputFile: URL
    private let errorFile: URL

    init(_ program: URL, _ arguments: [String], in directory: URL? = nil) throws {
        let folder = FileManager.default.temporaryDirectory
        outputFile = folder.appendingPathComponent("out-\(UUID().uuidString)")
        errorFile = folder.appendingPathComponent("err-\(UUID().uuidString)")
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        process.executableURL = program
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = directory }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
    }

    deinit {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        for file in [outputFile, errorFile] { try? FileManager.default.removeItem(at: file) }
    }

    var output: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }
    var exitCode: Int32 { process.terminationStatus }
    var isRunning: Bool { process.isRunning }
    var identifier: Int32 { process.processIdentifier }

    /// - Returns: whether it ended in time.
    func wait(seconds: Double) -> Bool { Wait.until(seconds: seconds) { !process.isRunning } }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func terminate() { Foundation.kill(process.processIdentifier, SIGTERM) }
}

/// Waits for a condition, not for a time.
enum Wait {
    static func until(seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if try condition() { return true }
            usleep(5_000)
        }
        return try condition()
    }
}

/// A folder that goes when the test does. Its path is short: a Unix socket lies in it.
final class TestFolder {
    let url: URL

    init() throws {
        url = URL(fileURLWithPath: "/tmp/sat-\(String(UUID().uuidString.prefix(8)))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: url.appendingPathComponent(name))
        return path(name)
    }
}
