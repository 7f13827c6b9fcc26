import Foundation
import Testing

/// The story of the README's demo, over real TLS with separate processes.
@Suite struct StoryTests {
    @Test func aLocalWriteReachesAnotherLaptop() throws {
        let server = try Server()
        let csv = try Pack.load(into: server, companies: 60)
        try server.start()
        let anna = try Laptop("anna", at: server)
        let ben = try Laptop("ben", at: server)
        let mia = try Laptop("mia", at: server)

        let company = try #require(
            try anna.rows("company").first { $0["territory"] as? String == "emea-dach-north" && $0["owner"] is NSNull }?["id"]
                as? String)
        let contact = try anna.create("contact", ["company=\(company)", "name=Petra Quellwasser-7731"])
        #expect(try anna.sync().exitCode == 0)

        // Offline: different fields, then the same one.
        #expect(server.stop())
        #expect(try anna.run(["set", "company", company, "industry=retail"]).exitCode == 0)
        #expect(try mia.run(["set", "company", company, "credit_limit=77123.45"]).exitCode == 0)
        #expect(try anna.run(["set", "company", company, "name=Anna names it"]).exitCode == 0)
        #expect(try mia.run(["set", "company", company, "name=Mia names it"]).exitCode == 0)
        let forbidden = try anna.run(["set", "company", company, "credit_limit=1"])
        #expect(forbidden.exitCode == 1)
        #expect(forbidden.errorCode == "field-not-writable")
        let offline = try anna.sync()
        #expect(offline.exitCode == 3)
        #expect(offline.errorCode == "unreachable")
        #expect(try anna.run(["pending"]).rows.isEmpty == false)

        try server.start()
        for laptop in [anna, mia, anna] { #expect(try laptop.sync().exitCode == 0) }
        let hers = try anna.run(["show", "company", company]).object
        let his = try mia.run(["show", "company", company]).object
        #expect(hers as NSDictionary == his as NSDictionary)
        #expect(hers["industry"] as? String == "retail")
        #expect(hers["credit_limit"] as? String == "77123.45")
        let conflict = try #require(try anna.run(["conflicts"]).rows.first)
        #expect(conflict["field"] as? String == "name")
        #expect(conflict["rule"] as? String == "lww")
        let lost = try #require((conflict["lost"] as? [[String: Any]])?.first)
        #expect(lost["user"] as? String == "anna")
        #expect(lost["value"] as? String == "Anna names it")
        #expect((lost["at"] as? String)?.hasSuffix("Z") == true)

        try searchFiles(csv, anna, ben, mia)
        try move(company, contact, server, anna, ben, mia)
    }

    /// Ben's files hold no DACH row and Anna's no purchase price; Mia's hold both, so that the search is known to work.
    private func searchFiles(_ csv: URL, _ anna: Laptop, _ ben: Laptop, _ mia: Laptop) throws {
        let companies = try Table(csv.appendingPathComponent("company.csv"))
        let dach = companies.rows.filter { ($0["territory"] ?? "").hasPrefix("emea-dach") }.compactMap { $0["name"] }
        let prices = try Table(csv.appendingPathComponent("product.csv")).rows.compactMap { $0["purchase_price"] }
        #expect(dach.count > 10 && prices.count == 50)
        // The company that was renamed is not under its old name any more.
        #expect(dach.filter(mia.holds).count >= dach.count - 1)
        #expect(dach.filter(anna.holds).count >= dach.count - 1)
        #expect(dach.filter(ben.holds).isEmpty)
        #expect(prices.allSatisfy(mia.holds))
        #expect(prices.filter(anna.holds).isEmpty)
        #expect(prices.filter(ben.holds).isEmpty)
    }

    private func move(
        _ company: String, _ contact: String, _ server: Server, _ anna: Laptop, _ ben: Laptop, _ mia: Laptop
    ) throws {
        #expect(try anna.run(["set", "company", company, "industry=services"]).exitCode == 0)
        #expect(try mia.run(["set", "company", company, "territory=emea-nordics"]).exitCode == 0)
        #expect(try mia.sync().exitCode == 0)
        #expect(try ben.sync().exitCode == 0)
        #expect(try ben.run(["show", "company", company]).object["name"] as? String == "Mia names it")
        #expect(try ben.run(["show", "contact", contact]).object["name"] as? String == "Petra Quellwasser-7731")

        let synced = try anna.sync()
        #expect(synced.exitCode == 4)
        #expect(synced.object["refused"] as? Int == 1)
        #expect(synced.object["left"] as? Int ?? 0 >= 2)
        #expect(try anna.run(["show", "company", company]).errorCode == "not-found")
        #expect(try anna.run(["show", "contact", contact]).errorCode == "not-found")
        #expect(!anna.holds("Petra Quellwasser-7731"))
        let refusal = try #require(try anna.run(["refused"]).rows.first)
        #expect(refusal["code"] as? String == "no-longer-in-scope")
        #expect(refusal["id"] as? String == company)
        #expect(try ben.run(["show", "company", company]).object["industry"] as? String == "retail")
    }
}

/// A CSV file of the generated pack (RFC 4180, a header row), read without any of the product's code.
struct Table {
    let rows: [[String: String]]

    init(_ file: URL) throws {
        let lines = Self.records(try String(contentsOf: file, encoding: .utf8))
        guard let header = lines.first else { throw TestFault("\(file.lastPathComponent) is empty") }
        rows = lines.dropFirst().map { Dictionary(zip(header, $0)) { first, _ in first } }
    }

    private static func records(_ text: String) -> [[String]] {
        var records: [[String]] = []
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var characters = text.unicodeScalars.makeIterator()
        var pending = characters.next()
        while let character = pending {
            pending = characters.next()
            switch character {
            case "\"" where isQuoted && pending == "\"":
                field.append("\"")
                pending = characters.next()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                fields.append(field)
                field = ""
            case "\r" where !isQuoted: continue
            case "\n" where !isQuoted:
                fields.append(field)
                records.append(fields)
                (fields, field) = ([], "")
            default: field.unicodeScalars.append(character)
            }
        }
        if !field.isEmpty || !fields.isEmpty { records.append(fields + [field]) }
        return records
    }
}
