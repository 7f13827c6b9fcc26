import Foundation
import SatchelFiles
import SatchelProtocol
import Testing

@testable import SatchelServer

@Suite struct ImportMappingTests {
    private func read(_ text: String) throws -> ImportMapping {
        try ImportMappingFile.read(Array(text.utf8), file: "import.yaml")
    }

    private func problems(_ text: String) -> [FileProblem] {
        do {
            _ = try read(text)
            return []
        } catch {
            return (error as? FileProblems)?.problems ?? []
        }
    }

    @Test func readsEveryKey() throws {
        let mapping = try read(
            """
            - file: SalesOrderDetail.csv
              join:
                - {file: SalesOrderHeader.csv, on: {SalesOrderID: SalesOrderID}, as: order}
              where: {order.OnlineOrderFlag: "false", Comment: }
              table: order_line
              id: "{SalesOrderID}-{SalesOrderDetailID}"
              fields:
                order: "{SalesOrderID}"
                territory: "t{order.TerritoryID}"
                quantity: OrderQty
                brace: "{{{A}}}"
            """)
        let entry = try #require(mapping.entries.first)
        #expect(entry.file == "SalesOrderDetail.csv")
        #expect(entry.table == "order_line")
        #expect(entry.joins.map(\.alias) == ["order"])
        #expect(entry.joins.first?.on.first?.left == "SalesOrderID")
        #expect(entry.conditions.map(\.column) == ["order.OnlineOrderFlag", "Comment"])
        #expect(entry.conditions.map(\.text) == ["false", ""])
        #expect(entry.id.parts == [.column("SalesOrderID"), .text("-"), .column("SalesOrderDetailID")])
        #expect(entry.fields.map(\.field) == ["order", "territory", "quantity", "brace"])
        #expect(entry.fields[1].value.parts == [.text("t"), .column("order.TerritoryID")])
        #expect(entry.fields[2].value.parts == [.column("OrderQty")])
        #expect(entry.fields[3].value.parts == [.text("{"), .column("A"), .text("}")])
        #expect(entry.fields[2].line == 10)
    }

    @Test(arguments: [
        ("- file: a.csv\n  table: t\n  id: x\n  filter: {}\n  fields: {a: b}\n", 4, "filter"),
        ("- file: a.csv\n  id: x\n  fields: {a: b}\n", 1, "table"),
        ("- file: a.csv\n  table: t\n  id: \"{x\"\n  fields: {a: b}\n", 3, "{"),
        ("- file: a.csv\n  table: t\n  id: x}\n  fields: {a: b}\n", 3, "}"),
        ("- file: a.csv\n  table: t\n  id: \"{}\"\n  fields: {a: b}\n", 3, "column"),
        ("- file: a.csv\n  table: t\n  id: x\n  join: [{file: b.csv, on: {a: b}, as: x.y}]\n  fields: {a: b}\n", 4, "x.y"),
        ("- file: a.csv\n  table: t\n  id: x\n  join: [{file: b.csv, on: {}, as: x}]\n  fields: {a: b}\n", 4, "columns"),
        (
            "- file: a.csv\n  table: t\n  id: x\n  join:\n    - {file: b.csv, on: {a: b}, as: x, how: left}\n  fields: {a: b}\n",
            5, "how"
        ),
        ("file: a.csv\n", 1, "list"),
    ])
    func namesTheLineOfWhatIsWrong(_ text: String, _ line: Int, _ word: String) {
        let found = problems(text)
        #expect(found.contains { $0.line == line && $0.message.contains(word) }, "\(found)")
    }

    // MARK: Against the tables and the files

    private static let catalogue = ImportCatalogue(tables: [
        .init(name: "company", fields: [.init(name: "name", target: nil), .init(name: "parent", target: "company")]),
        .init(name: "contact", fields: [.init(name: "name", target: nil), .init(name: "company", target: "company")]),
        .init(name: "visit", fields: [.init(name: "contact", target: "contact")]),
    ])

    private func plan(_ mapping: String, _ files: [String: String]) async throws -> ImportPlan {
        var plan: ImportPlan?
        try await AdminWorld.withFiles { folder in
            for (name, text) in files { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }
            plan = try ImportPlan(try read(mapping), catalogue: Self.catalogue, folder: folder)
        }
        return try #require(plan)
    }

    private func lines(_ mapping: String, _ files: [String: String]) async throws -> [Int: String] {
        do {
            _ = try await plan(mapping, files)
            return [:]
        } catch let problems as FileProblems {
            return Dictionary(problems.problems.map { ($0.line, $0.message) }) { $0 + $1 }
        }
    }

    @Test func namesTheLineOfWhatIsNotThere() async throws {
        let found = try await lines(
            """
            - file: a.csv
              join:
                - {file: b.csv, on: {Nope: id}, as: b}
                - {file: none.csv, on: {id: id}, as: n}
              table: company
              id: id
              fields:
                name: Missing
                wrong: id
            - file: a.csv
              table: nothing
              id: id
              fields: {name: id}
            - file: a.csv
              join: [{file: b.csv, on: {id: id}, as: b}]
              where: {b.Nope: x}
              table: company
              id: "{c.id}"
              fields: {name: b.id}
            """, ["a.csv": "id,Name\n", "b.csv": "id\n"])
        #expect(found[4]?.contains("none.csv") == true)
        #expect(found[9]?.contains("wrong") == true)
        #expect(found[11]?.contains("nothing") == true)
        #expect(found[16]?.contains("b.csv has no column `Nope`") == true)
        #expect(found[18]?.contains("c.id") == true)
    }

    @Test func headersMustBeUsable() async throws {
        let mapping = "- {file: a.csv, table: company, id: id, fields: {name: id}}\n"
        #expect(try await lines(mapping, ["a.csv": ""])[1]?.contains("empty") == true)
        #expect(try await lines(mapping, ["a.csv": "id,id\n"])[1]?.contains("two columns") == true)
        #expect(try await lines(mapping, ["a.csv": "id,\"x\n"])[1]?.contains("header") == true)
    }

    @Test func whatIsReferredToIsReadFirst() async throws {
        let mapping = """
            - {file: v.csv, table: visit, id: id, fields: {contact: contact}}
            - {file: p.csv, table: contact, id: id, fields: {company: company}}
            - {file: q.csv, table: contact, id: id, fields: {name: name}}
            - {file: c.csv, table: company, id: id, fields: {parent: parent}}
            """
        let plan = try await plan(
            mapping,
            [
                "v.csv": "id,contact\n", "p.csv": "id,company\n", "q.csv": "id,name\n", "c.csv": "id,parent\n",
            ])
        #expect(plan.entries.map(\.file) == ["c.csv", "p.csv", "q.csv", "v.csv"])
    }

    @Test func unrelatedEntriesStayAsListed() async throws {
        let mapping = """
            - {file: a.csv, table: contact, id: id, fields: {name: id}}
            - {file: b.csv, table: company, id: id, fields: {name: id}}
            """
        let plan = try await plan(mapping, ["a.csv": "id\n", "b.csv": "id\n"])
        #expect(plan.entries.map(\.file) == ["a.csv", "b.csv"])
    }
}
