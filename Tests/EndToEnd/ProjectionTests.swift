import Foundation
import Testing

/// What each user's laptop holds after the first sync, against a projection computed from the generated CSV files and the
/// pack's README alone. No Satchel module is imported here.
@Suite struct ProjectionTests {
    @Test func everyUserHoldsTheirProjectionAndNothingElse() throws {
        let server = try Server()
        let csv = try Pack.load(into: server, companies: 80, seed: 5)
        try server.start()
        let data = try PackData(csv)
        for user in PackData.users {
            let laptop = try Laptop(user, at: server)
            let differences = try data.differences(user: user, laptop: laptop, masks: PackData.masks)
            #expect(differences.isEmpty, "\(user): \(differences.prefix(5))")
            #expect(try laptop.run(["verify"]).object["ok"] as? Bool == true)
        }
        // The test can fail: under a deliberately wrong mask it does.
        var wrong = PackData.masks
        wrong["rep"]?["product"]?.insert("purchase_price")
        let anna = try Laptop("anna", at: server)
        #expect(try !data.differences(user: "anna", laptop: anna, masks: wrong).isEmpty)
        wrong = PackData.masks
        wrong["peer"]?["company"]?.remove("industry")
        let clara = try Laptop("clara", at: server)
        #expect(try !data.differences(user: "clara", laptop: clara, masks: wrong).isEmpty)
    }
}

/// The pack's rows as generated, and its rights as its README tells them.
struct PackData {
    static let users = ["anna", "ben", "mia", "clara", "dirk", "paula", "sam"]
    static let tables = ["company", "contact", "opportunity", "activity", "product", "order", "order_line"]

    private let rows: [String: [String: [String: String]]]
    private let fields: [String: Set<String>]

    init(_ folder: URL) throws {
        var rows: [String: [String: [String: String]]] = [:]
        var fields: [String: Set<String>] = [:]
        for table in Self.tables {
            let list = try Table(folder.appendingPathComponent("\(table).csv")).rows
            rows[table] = Dictionary(list.map { ($0["id"] ?? "", $0) }) { first, _ in first }
            fields[table] = Set((list.first ?? [:]).keys).subtracting(["id"])
        }
        self.rows = rows
        self.fields = fields
    }

    /// Readable fields by role and table; the word “*” stands for every field.
    static let masks: [String: [String: Set<String>]] = {
        let whole: [String: Set<String>] = Dictionary(uniqueKeysWithValues: tables.map { ($0, ["*"]) })
        var rep = whole
        rep["product"] = ["name", "category", "list_price"]
        return [
            "everyone": ["product": ["name"]], "rep": rep, "peer": ["company": ["name", "industry"]], "manager": whole,
            "director": whole,
            "purchasing": [
                "product": ["name", "category", "purchase_price"], "order": ["number", "ordered_on", "status"],
                "order_line": ["order", "product", "quantity"],
            ],
            "owner": ["company": ["*"], "contact": ["*"]],
        ]
    }()

    private static let grants: [String: [(role: String, territories: String)]] = [
        "anna": [("rep", "emea-dach")], "ben": [("rep", "emea-nordics")], "mia": [("manager", "emea")],
        "clara": [("rep", "emea-dach"), ("peer", "emea")], "dirk": [("director", "emea")],
        "paula": [("purchasing", "emea")], "sam": [],
    ]

    private func roles(_ user: String, _ table: String, _ row: [String: String]) -> Set<String> {
        let grants = Self.grants[user] ?? []
        if table == "product" { return Set(grants.map(\.role)).union(["everyone"]) }
        guard let company = company(of: table, row) else { return [] }
        let territory = company["territory"] ?? ""
        var roles = Set(grants.filter { !territory.isEmpty && territory.hasPrefix($0.territories) }.map(\.role))
        if company["owner"] == user { roles.insert("owner") }
        return roles
    }

    private func company(of table: String, _ row: [String: String]) -> [String: String]? {
        switch table {
        case "company": return row
        case "order_line": return rows["order"]?[row["order"] ?? ""].flatMap { company(of: "order", $0) }
        default: return rows["company"]?[row["company"] ?? ""]
        }
    }

    private func readable(_ table: String, _ roles: Set<String>, _ masks: [String: [String: Set<String>]]) -> Set<String> {
        var readable: Set<String> = []
        for role in roles { readable.formUnion(masks[role]?[table] ?? []) }
        return readable.contains("*") ? fields[table] ?? [] : readable
    }

    func differences(user: String, laptop: Laptop, masks: [String: [String: Set<String>]]) throws -> [String] {
        var found: [String] = []
        for table in Self.tables {
            var here: [String: [String: Any]] = [:]
            for row in try laptop.rows(table) { here[row["id"] as? String ?? ""] = row }
            for (id, row) in rows[table] ?? [:] {
                let readable = readable(table, roles(user, table, row), masks)
                guard let held = here.removeValue(forKey: id) else {
                    if !readable.isEmpty { found.append("\(table) \(id) is missing") }
                    continue
                }
                if readable.isEmpty { found.append("\(table) \(id) should not be here") }
                for field in fields[table] ?? [] {
                    let cell = held[field]
                    let isHidden = (cell as? [String: Any])?["$hidden"] as? Bool == true
                    if isHidden == readable.contains(field) {
                        found.append("\(table).\(field) of \(id) is \(isHidden ? "" : "not ")hidden")
                    } else if !isHidden, !Self.isEqual(cell, row[field] ?? "") {
                        found.append("\(table).\(field) of \(id) is \(String(describing: cell)), not \(row[field] ?? "")")
                    }
                }
            }
            found += here.keys.map { "\(table) \($0) was never generated" }
        }
        return found
    }

    /// Whether a JSON value says what a CSV column says.
    private static func isEqual(_ cell: Any?, _ text: String) -> Bool {
        if text.isEmpty { return cell is NSNull }
        if let string = cell as? String { return string == text }
        if let list = cell as? [String] { return Set(list) == set(text) }
        if let number = cell as? NSNumber {
            if text == "true" || text == "false" { return number.boolValue == (text == "true") }
            return number.stringValue == text || Double(text) == number.doubleValue
        }
        return false
    }

    private static func set(_ text: String) -> Set<String> {
        if let list = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String] { return Set(list) }
        return Set(text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    }
}
