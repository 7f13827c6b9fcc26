import CRMFixtures
import SatchelCore
import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

/// The pack loads, and its users may do what its README says.
struct CRMPackTests {
    private let schema: Schema
    private let policy: Policy
    private let file: OrganisationFile
    private let organisation: Organisation

    init() throws {
        let pack = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/fixtures/crm"
        schema = try SchemaFile.load(path: pack + "/schema.yaml")
        policy = try PolicyFile.load(path: pack + "/policy.yaml", schema: schema)
        file = try OrganisationFile.load(path: pack + "/organisation.yaml", policy: policy)
        organisation = file.organisation(at: 0)
    }

    private func rights(_ user: String, _ table: String, _ scopes: Scope...) throws -> Rights {
        let index = try #require(schema.tableIndex(table))
        let roles = organisation.access(of: user, policy: policy).roles(in: scopes, table: schema.tables[index])
        return policy.rights(roles, table: index)
    }

    private func names(_ fields: FieldSet, _ table: String) -> Set<String> {
        Set(fields.members.compactMap { schema.table(table)?.fields[$0].name })
    }

    private func all(_ table: String) -> FieldSet { schema.table(table)?.all ?? FieldSet() }

    private let north = Scope.territory("emea-dach-north")
    private let nordics = Scope.territory("emea-nordics")

    @Test func itHasWhatTheReadmeLists() {
        #expect(
            schema.tables.map(\.name) == ["company", "contact", "opportunity", "activity", "product", "order", "order_line"])
        #expect(policy.roles.map(\.name) == ["everyone", "rep", "peer", "manager", "director", "purchasing", "owner"])
        #expect(file.territories.count == 6)
        #expect(file.users.map(\.id) == ["anna", "ben", "clara", "dirk", "mia", "paula", "sam"])
    }

    @Test func annaIsARepInDACHOnly() throws {
        let rights = try rights("anna", "company", north)
        #expect(rights.read == all("company"))
        #expect(names(rights.write, "company") == ["name", "industry", "visits", "tags", "notes"])
        #expect(rights.create && !rights.delete)
        #expect(try !self.rights("anna", "company", nordics).canSee)
        #expect(try self.rights("anna", "contact", north).write == all("contact"))
        #expect(names(try self.rights("anna", "product", .global).read, "product") == ["name", "category", "list_price"])
        let settable = rights.settableAtCreation(in: try #require(schema.table("company")))
        #expect(names(settable, "company").isSuperset(of: ["territory", "owner", "tax_number", "name"]))
        #expect(!names(settable, "company").contains("credit_limit"))
    }

    @Test func claraHasTwoMasksOfOneTable() throws {
        #expect(try rights("clara", "company", north).read == all("company"))
        #expect(names(try rights("clara", "company", nordics).read, "company") == ["name", "industry"])
        #expect(try !rights("clara", "contact", nordics).canSee)
        #expect(try rights("clara", "company", nordics).write.isEmpty)
    }

    @Test func miaManagesAll() throws {
        for scope in [north, nordics, .territory("emea-uk")] {
            let rights = try rights("mia", "company", scope)
            #expect(rights.write == all("company") && rights.read == all("company") && rights.delete && rights.create)
        }
        #expect(try rights("mia", "product", .global).read == all("product"))
        #expect(try rights("mia", "order_line", nordics).write == all("order_line"))
    }

    @Test func dirkReadsAllAndWritesNothing() throws {
        for table in schema.tables {
            let rights = try rights("dirk", table.name, nordics, .global)
            #expect(rights.read == table.all)
            #expect(rights.write.isEmpty && !rights.create && !rights.delete)
        }
    }

    @Test func paulaSeesNoSalesPrices() throws {
        #expect(names(try rights("paula", "product", .global).read, "product") == ["name", "category", "purchase_price"])
        #expect(names(try rights("paula", "product", .global).write, "product") == ["purchase_price"])
        #expect(names(try rights("paula", "order", north).read, "order") == ["number", "ordered_on", "status"])
        #expect(names(try rights("paula", "order_line", north).read, "order_line") == ["order", "product", "quantity"])
        for table in ["company", "contact", "opportunity", "activity"] {
            #expect(try !rights("paula", table, north).canSee)
        }
    }

    @Test func samSeesTheNamesOfProducts() throws {
        for table in schema.tables {
            let read = try rights("sam", table.name, north, nordics, .global).read
            #expect(names(read, table.name) == (table.name == "product" ? ["name"] : []))
        }
    }

    @Test func anOwnerReadsTheCompanyWhereverItIs() throws {
        let rights = try rights("ben", "company", north, .user("ben"))
        #expect(rights.read == all("company"))
        #expect(names(rights.write, "company") == ["notes"])
        #expect(try self.rights("ben", "contact", north, .user("ben")).read == all("contact"))
        #expect(try !self.rights("ben", "order", north, .user("ben")).canSee)
    }

    @Test func generatedColumnsAreTheSchemasFields() {
        #expect(Set(CRMTable.allCases.map(\.rawValue)) == Set(schema.tables.map(\.name)))
        for table in CRMTable.allCases {
            #expect(table.columns == ["id"] + (schema.table(table.rawValue)?.fields.map(\.name) ?? []))
        }
    }

    @Test func generatedValuesPassTheSchemasChecks() throws {
        let data = CRMData(seed: 7, companies: 300)
        let territories = Set(file.territories.map(\.id))
        let users = Set(file.users.map(\.id))
        var ids: [String: Set<String>] = [:]
        for name in CRMTable.allCases {
            let table = try #require(schema.table(name.rawValue))
            try data.forEachRow(of: name) { row in
                #expect(row.count == table.fields.count + 1)
                #expect(RowID(row[0]) != nil && ids[table.name, default: []].insert(row[0]).inserted)
                for (field, text) in zip(table.fields, row.dropFirst()) {
                    let value = try field.parse(text)
                    #expect(field.check(value, valueBytes: Limits.valueBytes) == nil)
                    guard case .text(let text) = value else { continue }
                    switch field.type {
                    case .reference(let target): #expect(ids[target]?.contains(text) == true)
                    case .territory: #expect(territories.contains(text))
                    case .user: #expect(users.contains(text))
                    default: break
                    }
                }
            }
        }
    }

    @Test func aValueFitsALimitThatThePureRoomCannotSee() {
        #expect(JSONText.maximumBytes == Limits.valueBytes)
        #expect(RowID.maximumBytes == Limits.scopeNameBytes)
    }
}
