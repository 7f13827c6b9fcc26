import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore
import Testing

/// A small organisation as one rep's file sees it, in a folder of its own that goes with it.
final class StoreWorld: Sendable {
    let folder: URL
    let database: ReplicaDatabase
    /// A rep's rights in `dach`, a peer's in `nordics`, the owner's in their own scope.
    let rep: Int
    let peer: Int

    var path: String { folder.appendingPathComponent("satchel.sqlite").path }

    init(isReady: Bool = true) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        database = try ReplicaDatabase.open(
            path: folder.appendingPathComponent("satchel.sqlite").path, clock: { 1_700_000_000_000 })
        (rep, peer) = try database.withStore { store in
            try store.install(Self.schema)
            let rep = try store.maskNumber(Self.repMask)
            let peer = try store.maskNumber(Self.peerMask)
            let none = try store.maskNumber(MaskDefinition(number: 3, roles: [], tables: []))
            let own = try store.maskNumber(Self.ownMask)
            try store.setPlaces(
                Places(
                    user: "anna", global: 3, anywhere: 1, own: 4,
                    territories: [.init(id: "dach", name: "DACH", mask: 1), .init(id: "nordics", name: "Nordics", mask: 2)]),
                masks: [1: rep, 2: peer, 3: none, 4: own])
            var state = try store.state()
            state.replica = ReplicaID(7)
            if isReady { state.cursor = Cursor(epoch: Epoch(1), position: Position(10), seal: [1]) }
            try store.setState(state)
            return (rep, peer)
        }
    }

    deinit {
        try? database.close()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: The organisation

    static let company = 0
    static let contact = 1
    static let product = 2
    static let sample = 3

    static let companyFields = [
        Field(name: "tax_number", type: .text, isCreateOnly: true),
        Field(name: "name", type: .text, isRequired: true, maximumLength: 20),
        Field(name: "industry", type: .enumeration(["retail", "services"])),
        Field(name: "credit_limit", type: .decimal),
        Field(name: "territory", type: .territory),
        Field(name: "owner", type: .user),
        Field(name: "visits", type: .integer),
        Field(name: "tags", type: .set),
        Field(name: "secret", type: .text),
    ]

    static let schema = Schema(
        name: "crm", version: 1,
        tables: [
            Table(name: "company", partition: [.territory(field: 4), .owner(field: 5)], fields: companyFields),
            Table(
                name: "contact", partition: [.through(field: 0)],
                fields: [
                    Field(name: "company", type: .reference("company")), Field(name: "name", type: .text, isRequired: true),
                    Field(name: "mobile", type: .text),
                ]),
            Table(
                name: "product", partition: [.global],
                fields: [
                    Field(name: "name", type: .text), Field(name: "list_price", type: .decimal),
                    Field(name: "purchase_price", type: .decimal),
                ]),
            Table(
                name: "sample", partition: [.owner(field: 0)],
                fields: [
                    Field(name: "owner", type: .user), Field(name: "a_text", type: .text),
                    Field(name: "an_integer", type: .integer),
                    Field(name: "a_real", type: .real), Field(name: "a_decimal", type: .decimal),
                    Field(name: "a_boolean", type: .boolean), Field(name: "a_date", type: .date),
                    Field(name: "a_datetime", type: .datetime), Field(name: "a_set", type: .set),
                    Field(name: "a_blob", type: .blob, maximumLength: 4), Field(name: "a_json", type: .json),
                ]),
        ])

    private static func rights(
        _ table: String, read: [String], write: [String], create: Bool = false, delete: Bool = false, settable: [String] = []
    ) -> MaskDefinition.TableRights {
        MaskDefinition.TableRights(table: table, read: read, write: write, delete: delete, create: create, settable: settable)
    }

    static let shownOfCompany = companyFields.map(\.name).filter { $0 != "secret" }
    static let repMask = MaskDefinition(
        number: 1, roles: ["rep"],
        tables: [
            rights(
                "company", read: shownOfCompany, write: ["name", "industry", "visits", "tags", "territory"], create: true,
                settable: ["name", "industry", "visits", "tags", "territory", "owner", "tax_number"]),
            rights(
                "contact", read: ["company", "name", "mobile"], write: ["company", "name", "mobile"], create: true,
                delete: true,
                settable: ["company", "name", "mobile"]),
            rights("product", read: ["name", "list_price"], write: []),
        ])
    static let peerMask = MaskDefinition(
        number: 2, roles: ["peer"], tables: [rights("company", read: ["name", "industry"], write: [])])
    private static let ownMask = MaskDefinition(
        number: 4, roles: ["owner"],
        tables: [
            rights("company", read: shownOfCompany, write: ["visits"]),
            rights(
                "sample", read: schema.tables[3].fields.map(\.name), write: schema.tables[3].fields.map(\.name), create: true,
                delete: true, settable: schema.tables[3].fields.map(\.name)),
        ])

    // MARK: Rows from the server

    static func uuid(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "01900000-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }
    static func id(_ number: Int) -> RowID {
        guard let id = RowID(uuid(number)) else { preconditionFailure("a UUID is an id") }
        return id
    }
    static func key(_ table: Int, _ number: Int) -> RowKey { RowKey(table: table, id: id(number)) }

    /// A company in `dach`, as the rep sees it: every field but `secret`.
    func receiveCompanies(_ numbers: some Sequence<Int>, root: (Int) -> [UInt64] = { [UInt64($0)] }, marker: String = "") throws
    {
        let numbers = Array(numbers)
        let fields = [0, 1, 2, 3, 4, 5, 6, 7]
        let columns: [[Value]] = fields.map { field in
            numbers.map { number in
                switch field {
                case 0: .text("DE\(number)\(marker)")
                case 1: .text("Company \(number)")
                case 2: .text("retail")
                case 3: .text("5000.00")
                case 4: .text("dach")
                case 5: .text("ben")
                case 6: .integer(3)
                default: .text("[\"a\"]")
                }
            }
        }
        try database.withStore { store in
            try store.receive(
                IncomingRows(
                    table: Self.company, mask: rep, isComplete: true, fields: fields, ids: numbers.map(Self.id),
                    roots: numbers.map(root), columns: columns))
        }
    }

    func receiveProduct(_ number: Int) throws {
        try database.withStore { store in
            try store.receive(
                IncomingRows(
                    table: Self.product, mask: rep, isComplete: true, fields: [0, 1], ids: [Self.id(number)], roots: [[99]],
                    columns: [[.text("Pump")], [.text("12.50")]]))
        }
    }

    // MARK: What happened

    func open(limit: Int = 10_000) throws -> [OpenChange] { try database.withStore { try $0.takeOpenChanges(limit: limit) } }
    func row(_ table: Int, _ number: Int) throws -> [Value]? { try database.read { try $0.row(Self.key(table, number)) } }

    /// Runs the `sqlite3` program on the file, as any other client would.
    /// - Returns: what it printed, and what it complained about.
    @discardableResult
    func sqlite3(_ sql: String) throws -> (output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", "-bail", "-cmd", ".timeout 5000", path, sql]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: printed, as: UTF8.self), String(decoding: complained, as: UTF8.self))
    }

    /// Expects a local write to be refused, and to leave no trace.
    func expectRefusal(_ code: ErrorCode, _ sql: String, at location: SourceLocation = #_sourceLocation) {
        do {
            try database.write { try $0.execute(sql: sql) }
            Issue.record("written: \(sql)", sourceLocation: location)
        } catch let error as SatchelError {
            #expect(error.code == code, "\(sql): \(error)", sourceLocation: location)
            #expect(!error.remedy.isEmpty, sourceLocation: location)
        } catch {
            Issue.record("\(error)", sourceLocation: location)
        }
    }

    /// Whether a text's bytes are anywhere in the file, its WAL or its shared memory.
    func filesHolding(_ text: String) throws -> [String] {
        try ["", "-wal", "-shm"].filter { suffix in
            let url = URL(fileURLWithPath: path + suffix)
            guard FileManager.default.fileExists(atPath: url.path) else { return false }
            return try Data(contentsOf: url).range(of: Data(text.utf8)) != nil
        }
    }
}

/// One cell of a change, for comparisons.
func cell(_ field: Int, _ before: Value, _ after: Value) -> OpenChange.Cell {
    OpenChange.Cell(field: field, before: before, after: after)
}
