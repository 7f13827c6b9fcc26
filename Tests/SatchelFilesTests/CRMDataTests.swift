import CRMFixtures
import Testing

struct CRMDataTests {
    private func rows(_ data: CRMData, _ table: CRMTable) -> [[String]] {
        var out: [[String]] = []
        data.forEachRow(of: table) { out.append($0) }
        return out
    }

    private func column(_ name: String, _ table: CRMTable, _ data: CRMData) throws -> [String] {
        let index = try #require(table.columns.firstIndex(of: name))
        return rows(data, table).map { $0[index] }
    }

    /// Known values: a change to the generator changes every figure measured with it, and must be meant.
    @Test func aSeedMeansTheSameDataForEver() {
        let data = CRMData(seed: 1, companies: 1)
        #expect(
            rows(data, .company)[0].prefix(3) == [
                "01943aa0-bc00-725a-89f9-22adccbd0dc6", "DE121172639", "Kuhefige Facility Services AG",
            ])
    }

    @Test(arguments: CRMTable.allCases) func moreCompaniesOnlyAdd(table: CRMTable) {
        let few = rows(CRMData(seed: 3, companies: 20), table)
        let many = rows(CRMData(seed: 3, companies: 60), table)
        #expect(Array(many.prefix(few.count)) == few)
        #expect(table == .product ? many.count == few.count : many.count > few.count)
        #expect(rows(CRMData(seed: 4, companies: 20), table) != few)
    }

    @Test func proportionsAreThoseOfTheReadme() {
        let data = CRMData(seed: 5, companies: 4000)
        let ratios: [CRMTable: Double] = [.company: 1, .contact: 3, .opportunity: 1, .activity: 2, .order: 1, .orderLine: 3]
        for (table, ratio) in ratios {
            let found = Double(rows(data, table).count) / 4000
            #expect(abs(found - ratio) < ratio * 0.05, "\(table): \(found)")
        }
        #expect(rows(data, .product).count == 50)
    }

    @Test func namesAndPurchasePricesCanBeSearchedFor() throws {
        let data = CRMData(seed: 9, companies: 20_000)
        let brands = try column("name", .company, data).map { String($0.prefix(8)) }
        #expect(Set(brands).count == 20_000)
        #expect(brands.allSatisfy { $0.allSatisfy(\.isLetter) })
        #expect(Set(try column("tax_number", .company, data)).count == 20_000)
        let prices = try column("purchase_price", .product, data)
        #expect(Set(prices).count == 50)
        #expect(prices.allSatisfy { $0.wholeMatch(of: /[1-9]\d{3}\.\d{4}/) != nil })
        // Nothing else looks like one.
        let few = CRMData(seed: 9, companies: 200)
        for table in CRMTable.allCases where table != .product {
            #expect(!rows(few, table).joined().contains { $0.contains(/\d\.\d{4}/) })
        }
        #expect(!(try column("list_price", .product, few)).contains { $0.contains(/\.\d{3}/) })
    }

    @Test func companiesLieInAllTerritoriesAndMostHaveNoOwner() throws {
        let data = CRMData(seed: 2, companies: 1000)
        let territories = try column("territory", .company, data)
        let counts = Dictionary(grouping: territories) { $0 }.mapValues(\.count)
        #expect(
            counts == [
                "emea-dach": 100, "emea-dach-north": 300, "emea-dach-south": 200, "emea-nordics": 200, "emea-uk": 200,
            ])
        let owners = try column("owner", .company, data)
        let owned = zip(territories, owners).filter { !$0.1.isEmpty }
        #expect((60...150).contains(owned.count))
        #expect(owned.allSatisfy { ($0.1 == "ben") == ($0.0 == "emea-nordics") && $0.0 != "emea-uk" })
    }

    @Test func csvQuotesWhatItMust() {
        var out: [UInt8] = []
        CSVText.append(["a", "", "b,c", "say \"x\"", "two\nlines", "ä"], to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "a,,\"b,c\",\"say \"\"x\"\"\",\"two\nlines\",ä\r\n")
    }
}
