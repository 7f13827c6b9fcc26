import Foundation

/// `satcheld` on a data folder of its own, over real TLS.
final class Server {
    let folder: TestFolder
    let data: String
    private(set) var process: RunningProgram?
    private(set) var url = ""
    /// The port is kept over restarts, since replicas remember the server's address.
    private(set) var port = 0

    /// - Parameter pack: the folder with schema.yaml, policy.yaml and organisation.yaml.
    init(pack: URL = Pack.crm) throws {
        folder = try TestFolder()
        data = folder.path("data")
        let outcome = try Programs.run(
            "satcheld",
            [
                "init", "--data", data, "--schema", pack.appendingPathComponent("schema.yaml").path,
                "--policy", pack.appendingPathComponent("policy.yaml").path,
                "--organisation", pack.appendingPathComponent("organisation.yaml").path,
            ])
        guard outcome.exitCode == 0 else { throw TestFault("init failed: \(outcome.errors)") }
    }

    var authority: String { data + "/tls/ca.pem" }

    @discardableResult
    func admin(_ arguments: [String], seconds: Double = 60) throws -> Outcome {
        // The command's words come first: `satcheld user add --data DIR …`.
        let words = arguments.prefix { !$0.hasPrefix("-") }
        let rest = arguments.dropFirst(words.count)
        return try Programs.run("satcheld", words + ["--data", data] + rest, seconds: seconds)
    }

    func start() throws {
        let running = try RunningProgram(
            Programs.path("satcheld"), ["serve", "--data", data, "--listen", "127.0.0.1:\(port)"])
        process = running
        let isReady = Wait.until(seconds: 30) { running.output.contains("\n") || !running.isRunning }
        let line = running.output.trimmingCharacters(in: .whitespacesAndNewlines)
        guard isReady, line.hasPrefix("ready https://"), let number = Int(line.split(separator: ":").last ?? "") else {
            throw TestFault("the server did not become ready: \(line) \(running.errors)")
        }
        url = String(line.dropFirst("ready ".count))
        port = number
    }

    /// - Returns: whether it ended within the 10 seconds that it has.
    @discardableResult
    func stop() -> Bool {
        guard let process else { return true }
        process.terminate()
        let ended = process.wait(seconds: 10)
        if !ended { process.kill() }
        return ended
    }

    func kill() { process?.kill() }

    func code(for user: String) throws -> String {
        let outcome = try admin(["enrol-code", "--user", user])
        guard outcome.exitCode == 0 else { throw TestFault("no code for \(user): \(outcome.errors)") }
        return outcome.line
    }
}

/// A rep's laptop: one replica file and the command line.
final class Laptop {
    let file: String
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
        file = folder.path("satchel.sqlite")
    }

    /// Enrolled with a server and, if it runs, synced once.
    convenience init(_ user: String, at server: Server, url: String? = nil) throws {
        try self.init()
        let outcome = try enrol(at: server, code: server.code(for: user), url: url)
        guard outcome.exitCode == 0 else { throw TestFault("\(user) could not enrol: \(outcome.output) \(outcome.errors)") }
        let synced = try sync()
        guard synced.exitCode == 0 else { throw TestFault("\(user) could not sync: \(synced.output) \(synced.errors)") }
    }

    /// A copy of another's file with its key, as a backup tool or a careless person makes it.
    init(copying other: Laptop) throws {
        folder = try TestFolder()
        file = folder.path("satchel.sqlite")
        for suffix in ["", "-wal", "-shm", ".key"] where FileManager.default.fileExists(atPath: other.file + suffix) {
            try FileManager.default.copyItem(atPath: other.file + suffix, toPath: file + suffix)
        }
    }

    func enrol(at server: Server, code: String, url: String? = nil) throws -> Outcome {
        try run(["enrol", "--server", url ?? server.url, "--ca", server.authority, "--code", code])
    }

    @discardableResult
    func run(_ arguments: [String], seconds: Double = 60) throws -> Outcome {
        try Programs.run("satchel", arguments + ["--replica", file, "--json"], seconds: seconds)
    }

    @discardableResult
    func sync() throws -> Outcome { try run(["sync"]) }

    func start(_ arguments: [String]) throws -> RunningProgram {
        try RunningProgram(Programs.path("satchel"), arguments + ["--replica", file, "--json"])
    }

    func rows(_ table: String) throws -> [[String: Any]] { try run(["list", table, "--limit", "1000000"]).rows }

    func create(_ table: String, _ fields: [String]) throws -> String {
        let outcome = try run(["new", table] + fields)
        guard outcome.exitCode == 0, let id = outcome.object["id"] as? String else {
            throw TestFault("could not create in \(table): \(outcome.output) \(outcome.errors)")
        }
        return id
    }

    /// Whether a value stands in the file, its write-ahead log or its shared memory, as bytes.
    func holds(_ text: String) -> Bool {
        ["", "-wal", "-shm"].contains { suffix in
            guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: file + suffix)) else { return false }
            return bytes.range(of: Data(text.utf8)) != nil
        }
    }
}

/// The packs of the repository.
enum Pack {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let crm = repository.appendingPathComponent("fixtures/crm")

    /// Generates the CRM pack's data and imports it.
    /// - Returns: the folder with the CSV files.
    static func load(into server: Server, companies: Int, seed: Int = 1) throws -> URL {
        let folder = server.folder.url.appendingPathComponent("csv")
        let made = try Programs.run(
            "satchel-fixtures", ["crm", "--out", folder.path, "--companies", "\(companies)", "--seed", "\(seed)"])
        guard made.exitCode == 0 else { throw TestFault("fixtures failed: \(made.errors)") }
        let imported = try server.admin(
            ["import", "--mapping", crm.appendingPathComponent("import.yaml").path, "--from", folder.path], seconds: 300)
        guard imported.exitCode == 0 else { throw TestFault("import failed: \(imported.output) \(imported.errors)") }
        return folder
    }
}
