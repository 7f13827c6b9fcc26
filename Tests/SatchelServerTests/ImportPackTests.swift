import CRMFixtures
import Foundation
import SatchelCore
import SatchelEngine
import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

/// The CRM pack, generated and imported as the demo does it.
@Suite struct ImportPackTests {
    private static let pack = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("fixtures/crm").path

    @Test func packLandsWholeAndAgainUnchanged() async throws {
        try await AdminWorld.withFiles { files in
            let data = CRMData(seed: 3, companies: 40)
            var expected = 0
            for table in CRMTable.allCases {
                var bytes: [UInt8] = []
                CSVText.append(table.columns, to: &bytes)
                data.forEachRow(of: table) { row in
                    expected += 1
                    CSVText.append(row, to: &bytes)
                }
                try Data(bytes).write(to: URL(fileURLWithPath: "\(files)/\(table.rawValue).csv"))
            }
            let world = AdminWorld(folder: DataFolder(files + "/d"), files: files)
            _ = try OrganisationStart(world.folder).run(
                schema: Self.pack + "/schema.yaml", policy: Self.pack + "/policy.yaml",
                organisation: Self.pack + "/organisation.yaml", certificate: nil)
            let mapping = try String(contentsOfFile: Self.pack + "/import.yaml", encoding: .utf8)
            #expect(try await world.importing(mapping, [:]).summary == ImportSummary(rows: expected, unchanged: 0, bad: 0))
            try Self.compare(data, world)
            let position = try world.head().position
            #expect(
                try await world.importing(mapping, [:]).summary == ImportSummary(rows: expected, unchanged: expected, bad: 0))
            #expect(try world.head().position == position)
        }
    }

    /// Every text of the files, as its field's type reads it, is in the store.
    private static func compare(_ data: CRMData, _ world: AdminWorld) throws {
        try world.withStore { store in
            try store.read { reader in
                let schema = try reader.governance(at: reader.head().position).schema
                for table in CRMTable.allCases {
                    let index = try #require(schema.tableIndex(table.rawValue))
                    try data.forEachRow(of: table) { row in
                        let id = try #require(RowID(row[0]))
                        let stored = try #require(try reader.row(RowKey(table: index, id: id)))
                        #expect(stored.state.isAlive)
                        for (column, text) in zip(table.columns, row).dropFirst() {
                            let field = try #require(schema.tables[index].fieldIndex(column))
                            let value = try schema.tables[index].fields[field].parse(text)
                            #expect(stored.state.value(field) == value)
                        }
                        // Everything the pack places is placed.
                        #expect(!stored.currentRoots.isEmpty)
                    }
                }
            }
        }
    }
}
