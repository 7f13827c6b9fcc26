import Foundation
import Logging
import SatchelCore
import SatchelEngine
import SatchelFiles
import SatchelPolicy
import SatchelProtocol

@testable import SatchelServer

/// A data folder with a small organisation in it, for one test.
struct AdminWorld {
    static let schema = """
        schema: small
        version: 1
        tables:
          company:
            partition: [{territory: territory}, {owner: owner}]
            fields:
              name:      {type: text, required: true, max: 40}
              territory: {type: territory}
              owner:     {type: user}
              credit:    {type: decimal}
              since:     {type: datetime}
              tags:      {type: set}
              parent:    {type: reference, table: company}
          contact:
            partition: [{through: company}]
            fields:
              company: {type: reference, table: company}
              name:    {type: text, required: true}
              boss:    {type: reference, table: contact}
          product:
            partition: [global]
            fields:
              name:  {type: text}
              photo: {type: blob}
        """

    static let policy = """
        policy: small
        version: 1
        roles:
          rep:     {company: {read: all, write: all, create: true}}
          manager: {include: [rep], product: {read: all}}
        """

    static let organisation = """
        territories:
          - {id: emea, name: EMEA}
          - {id: dach, name: DACH, parent: emea}
          - {id: nordics, name: Nordics, parent: emea}
        users:
          - {id: anna, name: Anna Berg, grants: [{role: rep, territory: dach}]}
          - {id: ben, name: Ben Lindqvist}
        """

    let folder: DataFolder
    /// Beside the data folder, for the files of the test.
    let files: String

    /// Makes the organisation, and removes everything afterwards.
    static func with(organisation: String = organisation, _ body: (AdminWorld) async throws -> Void) async throws {
        try await withFiles { files in
            let folder = DataFolder(files + "/d")
            try write(organisation, to: files)
            _ = try OrganisationStart(folder).run(
                schema: files + "/schema.yaml", policy: files + "/policy.yaml", organisation: files + "/organisation.yaml",
                certificate: nil)
            try await body(AdminWorld(folder: folder, files: files))
        }
    }

    /// A folder with a short name, since a socket's path is bounded.
    static func withFiles(_ body: (String) async throws -> Void) async throws {
        let name = "st-" + Hexadecimal.text(UInt64.random(in: .min ... .max)).prefix(10)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    static func write(_ organisation: String, to files: String) throws {
        for (name, text) in [("schema", schema), ("policy", policy), ("organisation", organisation)] {
            try text.write(toFile: "\(files)/\(name).yaml", atomically: true, encoding: .utf8)
        }
    }

    func start(
        schema: String? = nil, policy: String? = nil, certificate: (chain: String, key: String)? = nil
    ) throws -> OrganisationStart.Result {
        try OrganisationStart(folder).run(
            schema: schema ?? files + "/schema.yaml", policy: policy ?? files + "/policy.yaml",
            organisation: files + "/organisation.yaml", certificate: certificate)
    }

    func gateway() async throws -> AdminGateway { try await AdminGateway.open(folder, logger: Logger(label: "test")) }

    /// Asks as a command does that finds no server.
    func ask(_ request: AdminRequest) async throws -> AdminReply {
        let gateway = try await gateway()
        defer { try? gateway.close() }
        return try await gateway.ask(request)
    }

    /// - Returns: the code of the error, nil when it was done.
    func code(_ request: AdminRequest) async throws -> ErrorCode? {
        do {
            _ = try await ask(request)
            return nil
        } catch let error as SatchelError {
            return error.code
        }
    }

    func withStore<Result>(_ body: (SQLiteServerStore) throws -> Result) throws -> Result {
        let store = try SQLiteServerStore.open(at: folder.storePath)
        defer { try? store.close() }
        return try body(store)
    }

    func governance() throws -> Governance { try withStore { try AdminService.governance($0) } }

    func head() throws -> LogHead { try withStore { try $0.read { try $0.head() } } }

    // MARK: Importing

    func importing(_ mapping: String, _ tables: [String: String]) async throws -> (
        summary: ImportSummary, errors: [String], warning: String?
    ) {
        for (name, text) in tables { try text.write(toFile: "\(files)/\(name)", atomically: true, encoding: .utf8) }
        let gateway = try await gateway()
        defer { try? gateway.close() }
        let mapping = try ImportMappingFile.read(Array(mapping.utf8), file: "import.yaml")
        var importer = try await Importer(
            mapping, folder: files, errorPath: folder.importErrorPath, sink: gateway, progress: { _ in })
        let summary = try await importer.run()
        return (summary, errors(), importer.warning)
    }

    /// The lines of `import-errors.csv` below its header.
    func errors() -> [String] {
        let text = (try? String(contentsOfFile: folder.importErrorPath, encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\r\n").dropFirst().filter { !$0.isEmpty }
    }

    /// A living row's fields that have a value.
    func row(_ table: String, _ id: String) throws -> [String: Value]? {
        try withStore { store in
            try store.read { reader in
                let schema = try reader.governance(at: reader.head().position).schema
                guard let index = schema.tableIndex(table), let id = RowID(id),
                    let row = try reader.row(RowKey(table: index, id: id)), row.state.isAlive
                else { return nil }
                let values = schema.tables[index].fields.enumerated().map { ($1.name, row.state.value($0)) }
                return Dictionary(uniqueKeysWithValues: values.filter { !$0.1.isNull })
            }
        }
    }
}

/// An answer of another kind than the question's.
struct OtherAnswer: Error {}
