import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

@Suite struct StorageCodingTests {
    private static let id = RowID("row")

    private func verdict() throws -> TransactionVerdict {
        let id = try #require(Self.id)
        let refusal = RefusalID(dot: Dot(replica: ReplicaID(.max), counter: .max), number: .max)
        return TransactionVerdict(
            counter: .max, position: Position(5), isVoid: true,
            exceptions: [
                VerdictException(table: "a", id: id, field: "f", outcome: .merged, code: .concurrentWrite, reason: "é"),
                VerdictException(table: "", id: id, field: nil, outcome: .superseded, code: .rowDeleted, reason: ""),
                VerdictException(table: "b", id: id, field: "", outcome: .refused(refusal), code: .noScope, reason: "r"),
            ])
    }

    private let cells = [
        CellWrite(field: "a", value: .real(-0.0), seen: Position(.max)), CellWrite(field: "b", value: .blob([])),
        CellWrite(field: "c", value: .text("x"), seen: .zero), CellWrite(field: "d", value: .integer(.min)),
        CellWrite(field: "e", value: .null),
    ]
    private let links = [
        RootLink(root: RootNumber(.max), began: Position(1), ended: Position(2)), RootLink(root: .global, began: .zero),
    ]
    private let changes: [GovernanceChange] = [
        .territory(Organisation.Territory(id: "t", name: "", parent: "p")),
        .territory(Organisation.Territory(id: "t", name: "T", parent: nil)),
        .user(Organisation.User(id: "u", name: "U", isDisabled: true)),
        .grant(Organisation.Grant(user: "u", role: "r", scope: .global)),
        .revoke(Organisation.Grant(user: "u", role: "r", scope: .user("u"))),
    ]

    /// Every field type, partition rule and option.
    private static let schema = Schema(
        name: "all", version: 12,
        tables: [
            Table(
                name: "t", partition: [.global, .territory(field: 0), .owner(field: 1), .through(field: 2)],
                fields: ([
                    .territory, .user, .reference("t"), .text, .integer, .real, .decimal, .boolean, .date, .datetime,
                    .enumeration(["x", ""]), .enumeration([]), .set, .blob, .json,
                ] as [FieldType]).enumerated().map { place, type in
                    Field(
                        name: "f\(place)", type: type, isRequired: place % 2 == 0, isCreateOnly: place % 3 == 0,
                        maximumLength: place % 4 == 0 ? place * 100 : nil)
                }), Table(name: "empty", partition: [], fields: []),
        ])
    private static let policy = Policy(
        name: "p", version: 3, graceDays: 0, precedence: ["b", "a"],
        roles: [
            Policy.Role(
                name: "a",
                rights: [
                    5: Rights(
                        read: FieldSet([0, 64, 255]), write: FieldSet([1]), create: true, createFields: FieldSet([2]),
                        delete: true),
                    1: Rights(delete: true), 2: Rights(create: true),
                ]), Policy.Role(name: "owner", rights: [:]), Policy.Role(name: "b", rights: [0: .none]),
        ])

    @Test func everythingComesBackEqual() throws {
        let verdict = try verdict()
        #expect(try RecordCoding.decodeVerdict(RecordCoding.encode(verdict)) == verdict)
        #expect(try RecordCoding.decodeCells(RecordCoding.encode(cells)) == cells)
        #expect(try RecordCoding.decodeLinks(RecordCoding.encode(links)) == links)
        #expect(try RuleCoding.decodeChanges(RuleCoding.encode(changes)) == changes)
        #expect(try RuleCoding.decodeSchema(RuleCoding.encode(Self.schema)) == Self.schema)
        #expect(try RuleCoding.decodePolicy(RuleCoding.encode(Self.policy)) == Self.policy)
    }

    /// A record that was cut, or runs on, is a fault and no crash; nor does any single changed byte end the program.
    @Test func damagedBytesAreFaults() throws {
        let records: [(bytes: [UInt8], decode: ([UInt8]) throws -> Void)] = [
            (RecordCoding.encode(try verdict()), { _ = try RecordCoding.decodeVerdict($0) }),
            (RecordCoding.encode(cells), { _ = try RecordCoding.decodeCells($0) }),
            (RecordCoding.encode(links), { _ = try RecordCoding.decodeLinks($0) }),
            (RuleCoding.encode(changes), { _ = try RuleCoding.decodeChanges($0) }),
            (RuleCoding.encode(Self.schema), { _ = try RuleCoding.decodeSchema($0) }),
            (RuleCoding.encode(Self.policy), { _ = try RuleCoding.decodePolicy($0) }),
        ]
        for (bytes, decode) in records {
            for length in bytes.indices {
                #expect(throws: DecodingFault.self) { try decode(Array(bytes.prefix(length))) }
            }
            #expect(throws: DecodingFault.self) { try decode(bytes + [0]) }
            for place in bytes.indices {
                for change in [0x01, 0x80, 0xFF] as [UInt8] {
                    var damaged = bytes
                    damaged[place] ^= change
                    _ = try? decode(damaged)
                }
            }
        }
    }

    @Test func rowNumbersTellTheirTable() {
        for table in [0, 1, 511] {
            var last: Int64?
            for _ in 0..<3 {
                let number = RowNumber(after: last, table: table)
                #expect(number.table == table)
                #expect(number.number > (last ?? -1))
                last = number.number
            }
        }
    }
}
