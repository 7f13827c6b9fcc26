import Foundation
import SatchelCore
import SatchelEngine
import SatchelFiles
import SatchelProtocol
import Testing

@testable import SatchelServer

/// Imports through everything but a server: files, joins, batches, ingest, a store on the disk.
@Suite struct ImportTests {
    private static let companies = """
        - file: c.csv
          table: company
          id: "{id}"
          fields: {name: name, territory: territory, credit: credit, since: since, tags: tags}
        """

    @Test func insertsThenUpdatesThenWritesNothing() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let first =
                "id,name,territory,credit,since,tags\r\n1,Alpha,dach,0100.50,2026-01-02T03:04:05,\"b,a\"\r\n2,Beta,dach,,,\r\n"
            let one = try await world.importing(Self.companies, ["c.csv": first])
            #expect(one.summary == ImportSummary(rows: 2, unchanged: 0, bad: 0))
            #expect(
                try world.row("company", "1") == [
                    "name": .text("Alpha"), "territory": .text("dach"), "credit": .text("100.50"),
                    "since": .text("2026-01-02T03:04:05Z"), "tags": .text("[\"a\",\"b\"]"),
                ])
            #expect(try world.row("company", "2") == ["name": .text("Beta"), "territory": .text("dach")])

            let position = try world.head().position
            let two = try await world.importing(Self.companies, ["c.csv": first])
            #expect(two.summary == ImportSummary(rows: 2, unchanged: 2, bad: 0))
            #expect(try world.head().position == position)

            // An empty column is NULL: it takes a value away.
            let changed = first.replacingOccurrences(of: "Beta", with: "Gamma").replacingOccurrences(of: "0100.50", with: "")
            let three = try await world.importing(Self.companies, ["c.csv": changed])
            #expect(three.summary == ImportSummary(rows: 2, unchanged: 0, bad: 0))
            #expect(try world.row("company", "1")?["credit"] == nil)
            #expect(try world.row("company", "2")?["name"] == .text("Gamma"))
        }
    }

    @Test func goesThroughTheLogAsItsOwnUser() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            _ = try await world.importing(Self.companies, ["c.csv": "id,name,territory,credit,since,tags\n1,A,dach,,,\n"])
            let entry = try #require(try world.withStore { try $0.entries(after: .zero, limit: 10) }.first)
            #expect(entry.user == "import")
            guard case .transaction(let sealed, let verdict, _) = entry.content else {
                Issue.record("no transaction")
                return
            }
            #expect(sealed.counter == 1)
            #expect(verdict.exceptions.isEmpty)
            #expect(try WireTransactionCoding().decode(sealed.payload).changes.first?.id.text == "1")
        }
    }

    @Test func badRowsAreNamedAndTheOthersLand() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let text = """
                id,name,territory,credit,since,tags
                1,Alpha,dach,1,,
                2,,dach,1,,
                3,Gamma,atlantis,1,,
                4,Delta,dach,lots,soon,
                ,Epsilon,dach,1,,
                6,Ze"ta,dach,1,,
                7,Eta,dach
                8,"Theta
                with two lines",dach,1,,
                9,Name that is longer than the forty characters it may have,dach,1,,
                10,Kappa,dach,1,,
                """
            let result = try await world.importing(Self.companies, ["c.csv": text])
            #expect(result.summary == ImportSummary(rows: 10, unchanged: 0, bad: 7))
            let starts = [
                "c.csv,3,name,", "c.csv,4,territory,", "c.csv,5,credit,", "c.csv,6,id,", "c.csv,7,name,", "c.csv,8,,",
                "c.csv,11,name,",
            ]
            #expect(result.errors.count == starts.count)
            for (line, start) in zip(result.errors.sorted { $0.count < $1.count || $0 < $1 }.sorted(by: Self.byLine), starts) {
                #expect(line.hasPrefix(start), "\(line)")
            }
            #expect(result.errors.contains { $0.contains("credit") && $0.contains("since") })
            for id in ["1", "8", "10"] { #expect(try world.row("company", id) != nil) }
            for id in ["2", "3", "4", "6", "7", "9"] { #expect(try world.row("company", id) == nil) }

            let good = try await world.importing(
                Self.companies, ["c.csv": "id,name,territory,credit,since,tags\n1,Alpha,dach,1,,\n"])
            #expect(good.summary == ImportSummary(rows: 1, unchanged: 1, bad: 0))
            #expect(!FileManager.default.fileExists(atPath: world.folder.importErrorPath))
        }
    }

    private static func byLine(_ left: String, _ right: String) -> Bool {
        func line(_ text: String) -> Int { Int(text.split(separator: ",")[1]) ?? 0 }
        return line(left) < line(right)
    }

    /// Rows that nobody would see are told of at the end, with what mends it; what a later row placed is not.
    @Test func rowsThatNothingPlacesAreNamed() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let mapping = """
                - file: c.csv
                  table: company
                  id: "{id}"
                  fields: {name: name, territory: territory, owner: owner}
                - file: p.csv
                  table: contact
                  id: "{id}"
                  fields: {company: company, name: name}
                - file: d.csv
                  table: company
                  id: "{id}"
                  fields: {name: name, territory: territory, owner: owner}
                """
            let head = "id,name,territory,owner\n"
            let files = [
                "c.csv": head + "1,A,dach,\n2,B,,\n3,C,,\n4,D,,\n",
                // One under a company that is placed, one under none, two under one that nothing places, one that comes later.
                "p.csv": "id,company,name\n1,1,P\n2,,Q\n3,2,R\n4,2,S\n5,4,T\n", "d.csv": head + "4,D,dach,\n",
            ]
            let one = try await world.importing(mapping, files)
            #expect(one.summary == ImportSummary(rows: 10, unchanged: 0, bad: 0))
            let warning = try #require(one.warning)
            #expect(warning.contains("2 of company (territory or owner), 3 of contact (company)"), "\(warning)")
            // What it did not write is not this import's to tell.
            #expect(try await world.importing(mapping, files).warning == nil)
            let again = head + "1,A,dach,\n2,B,dach,\n3,C,dach,\n4,D,dach,\n"
            let mended = try await world.importing(
                mapping, ["c.csv": again, "p.csv": "id,company,name\n2,1,Q\n", "d.csv": head])
            #expect(mended.warning == nil)
        }
    }

    @Test func filesThatDoNotFitChangeNothing() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            await #expect(throws: FileProblems.self) {
                try await world.importing(Self.companies, ["c.csv": "id,name\n1,Alpha\n"])
            }
            #expect(try world.head().position == .zero)
        }
    }

    @Test func joinsConditionsAndTemplates() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let mapping = """
                - file: line.csv
                  join:
                    - {file: head.csv, on: {order: id}, as: order}
                    - {file: region.csv, on: {order.region: code}, as: region}
                  where: {order.online: "false", kind: ""}
                  table: company
                  id: "{order}-{line}"
                  fields:
                    name: "{order.customer} {{{line}}}"
                    territory: region.territory
                    credit: "{order.limit}.50"
                """
            let files = [
                "line.csv": "order,line,kind\n1,1,\n1,2,return\n2,1,\n3,1,\n4,1,\n",
                "head.csv": "id,online,customer,region,limit\n1,false,Alpha,D,10\n2,true,Beta,D,20\n3,false,Gamma,X,\n",
                "region.csv": "code,territory\nD,dach\nN,nordics\n,emea\n",
            ]
            let result = try await world.importing(mapping, files)
            #expect(result.summary == ImportSummary(rows: 2, unchanged: 0, bad: 0))
            #expect(
                try world.row("company", "1-1") == [
                    "name": .text("Alpha {1}"), "territory": .text("dach"), "credit": .text("10.50"),
                ])
            // A join without a match has empty columns, and a template with one is NULL.
            #expect(try world.row("company", "3-1") == ["name": .text("Gamma {1}")])
            for id in ["1-2", "2-1", "4-1"] { #expect(try world.row("company", id) == nil) }
        }
    }

    @Test func joinedRowsWithOneKeyMustAgree() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let mapping = """
                - file: c.csv
                  join: [{file: t.csv, on: {id: company}, as: t}]
                  table: company
                  id: id
                  fields: {name: name, territory: t.territory}
                """
            let files = [
                "c.csv": "id,name\n1,Alpha\n2,Beta\n",
                "t.csv": "n,company,territory\n1,1,dach\n2,1,dach\n3,2,dach\n4,2,nordics\n5,,emea\n6,,dach\n",
            ]
            let result = try await world.importing(mapping, files)
            #expect(result.summary == ImportSummary(rows: 2, unchanged: 0, bad: 1))
            #expect(result.errors.count == 1)
            #expect(result.errors.first?.hasPrefix("t.csv,5,territory,line 4 has the same key") == true)
            #expect(try world.row("company", "1")?["territory"] == .text("dach"))
            #expect(try world.row("company", "2")?["territory"] == .text("dach"))
        }
    }

    // MARK: References

    private static let people = """
        - {file: p.csv, table: contact, id: id, fields: {name: name, company: company, boss: boss}}
        - {file: c.csv, table: company, id: id, fields: {name: name, territory: territory, parent: parent}}
        """

    @Test func rowsWaitForWhatTheyReferTo() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let files = [
                // Bosses below their people, one pair that are each other's, one who is their own; a company above its parent.
                "p.csv":
                    "id,name,company,boss\n1,A,x,2\n2,B,x,3\n3,C,x,\n4,D,y,5\n5,E,y,4\n6,F,y,6\n7,G,x,nobody\n8,H,nowhere,\n9,I,x,7\n",
                "c.csv": "id,name,territory,parent\nx,X,dach,y\ny,Y,dach,\n",
            ]
            let result = try await world.importing(Self.people, files)
            #expect(result.summary == ImportSummary(rows: 11, unchanged: 0, bad: 3))
            #expect(result.errors.sorted().map { String($0.prefix(9)) } == ["p.csv,10,", "p.csv,8,b", "p.csv,9,c"])
            #expect(try world.row("contact", "1")?["boss"] == .text("2"))
            #expect(try world.row("contact", "4")?["boss"] == .text("5"))
            #expect(try world.row("contact", "5")?["boss"] == .text("4"))
            #expect(try world.row("contact", "6")?["boss"] == .text("6"))
            #expect(try world.row("company", "x")?["parent"] == .text("y"))
            for id in ["7", "8", "9"] { #expect(try world.row("contact", id) == nil) }
            #expect(try await world.importing(Self.people, files).summary == ImportSummary(rows: 11, unchanged: 8, bad: 3))
        }
    }

    /// A chain through a file of several batches, in the worst order, and a circle that closes across them.
    @Test func longChainsLand() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let count = 2_500
            let chain = (1...count).map { "\($0),N,,\($0 % count + 1)\n" }.joined()
            let files = ["p.csv": "id,name,company,boss\n" + chain, "c.csv": "id,name,territory,parent\n"]
            let result = try await world.importing(Self.people, files)
            #expect(result.summary == ImportSummary(rows: count, unchanged: 0, bad: 0))
            #expect(try world.row("contact", "\(count)")?["boss"] == .text("1"))

            let open = (1...count).map { "o\($0),N,,o\($0 + 1)\n" }.joined() + "o\(count + 1),N,,\n"
            let line = try await world.importing(
                Self.people, ["p.csv": "id,name,company,boss\n" + open, "c.csv": "id,name,territory,parent\n"])
            #expect(line.summary == ImportSummary(rows: count + 1, unchanged: 0, bad: 0))
            #expect(try world.row("contact", "o1")?["boss"] == .text("o2"))
        }
    }

    @Test func laterVersionOfARowStaysLater() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            // Row 1 waits for its boss; what follows about it must not be overtaken when it lands at last.
            let text = "id,name,company,boss\n1,old,,2\n1,new,,2\n2,B,,\n3,one,,\n3,two,,\n"
            let result = try await world.importing(
                Self.people, ["p.csv": text, "c.csv": "id,name,territory,parent\n"])
            #expect(result.summary == ImportSummary(rows: 5, unchanged: 0, bad: 0))
            #expect(try world.row("contact", "1")?["name"] == .text("new"))
            #expect(try world.row("contact", "3")?["name"] == .text("two"))
        }
    }

    @Test func deletedRowComesBackWithWhatTheFileSays() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let files = ["c.csv": "id,name,territory,credit,since,tags\n1,Alpha,dach,5,,\n"]
            _ = try await world.importing(Self.companies, files)
            try world.withStore { try Self.delete("1", in: $0) }
            #expect(try world.row("company", "1") == nil)
            let result = try await world.importing(Self.companies, files)
            #expect(result.summary == ImportSummary(rows: 1, unchanged: 0, bad: 0))
            #expect(try world.row("company", "1")?["credit"] == .text("5"))
        }
    }

    private static func delete(_ id: String, in store: SQLiteServerStore) throws {
        let replica = ReplicaID(77)
        try store.enrol(replica, user: "deleter")
        let head = try store.read { try $0.head() }
        let transaction = Transaction(
            counter: 1, epoch: head.epoch, clock: ClockReading(wallMilliseconds: 1, boot: [], uptimeMilliseconds: 0),
            changes: [
                Change(table: "company", id: try #require(RowID(id)), operation: .delete, seen: head.position, cells: [])
            ])
        let item = IngestItem(
            replica: replica, authority: .trusted("deleter"),
            sealed: SealedTransaction(counter: 1, payload: try WireTransactionCoding().encode(transaction)),
            after: RunningHash.start, decoded: transaction,
            pushed: transaction.clock, receivedMilliseconds: 1, proven: head.position, epoch: head.epoch)
        let report = try store.write { try Ingest.commit([item], in: $0) }
        #expect(report.outcomes.count == 1)
    }

    // MARK: Sizes

    @Test func manyRowsMakeBatchesOfAThousand() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let rows = (1...2_300).map { "\($0),Company \($0),dach,\($0),,\n" }.joined()
            let result = try await world.importing(Self.companies, ["c.csv": "id,name,territory,credit,since,tags\n" + rows])
            #expect(result.summary == ImportSummary(rows: 2_300, unchanged: 0, bad: 0))
            let entries = try world.withStore { try $0.entries(after: .zero, limit: 100) }
            let sizes = try entries.map { entry -> Int in
                guard case .transaction(let sealed, _, _) = entry.content else { return 0 }
                return try WireTransactionCoding().decode(sealed.payload).changes.count
            }
            #expect(sizes == [1000, 1000, 300])
            #expect(try world.row("company", "2300")?["credit"] == .text("2300"))
        }
    }

    @Test func largeValuesLandAndTooLargeOnesAreNamed() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let mapping = "- {file: f.csv, table: product, id: id, fields: {name: name, photo: photo}}\n"
            let fits = Data(repeating: 7, count: 700_000).base64EncodedString()
            let large = Data(repeating: 7, count: Limits.valueBytes + 1).base64EncodedString()
            let text = "id,name,photo\n" + (1...4).map { "\($0),N,\(fits)\n" }.joined() + "5,N,\(large)\n6,N,!\n"
            let result = try await world.importing(mapping, ["f.csv": text])
            #expect(result.summary == ImportSummary(rows: 6, unchanged: 0, bad: 2))
            #expect(result.errors.allSatisfy { $0.hasPrefix("f.csv,6,photo,") || $0.hasPrefix("f.csv,7,photo,") })
            for id in 1...4 {
                #expect(try world.row("product", "\(id)")?["photo"] == .blob(Array(repeating: 7, count: 700_000)))
            }
        }
    }
}
