import Foundation
import SatchelCore
import SatchelProtocol
@testable import SatchelWire
import Testing

/// `protocol/vectors`: what any implementation must give and take. A vector changes only with the version of the wire.
@Suite struct VectorTests {
    @Test func framing() throws {
        struct File: Decodable {
            struct Frame: Decodable {
                let name: String
                let body: String
                let frame: String
            }
            struct Refused: Decodable {
                let name: String
                let stream: String
                let limit: Int
                let code: String
            }
            let frames: [Frame]
            let refused: [Refused]
        }
        let file: File = try vectors("framing")
        var splitter = FrameSplitter()
        for vector in file.frames {
            let body = try bytes(vector.body)
            #expect(Hexadecimal.text(Framing.frame(body)) == vector.frame, "\(vector.name)")
            splitter.append(try bytes(vector.frame))
            #expect(try splitter.next() == body, "\(vector.name)")
        }
        try splitter.finish()
        for vector in file.refused {
            var splitter = FrameSplitter(limit: vector.limit)
            splitter.append(try bytes(vector.stream))
            let found = code {
                while try splitter.next() != nil {}
                try splitter.finish()
            }
            #expect(found?.rawValue == vector.code, "\(vector.name)")
        }
    }

    @Test func values() throws {
        struct File: Decodable {
            struct Column: Decodable {
                let name: String
                let values: [ValueVector]
                let message: String
            }
            struct IDs: Decodable {
                let name: String
                let ids: [String]
                let message: String
            }
            struct Refused: Decodable {
                let name: String
                let rows: Int
                let message: String
                let code: String
            }
            let columns: [Column]
            let ids: [IDs]
            let refused: [Refused]
        }
        let file: File = try vectors("values")
        for vector in file.columns {
            let values = try vector.values.map { try $0.value() }
            let message = try ColumnCoding.encode(values)
            let actual = Hexadecimal.text(try Serialisation.bytes(message, "A column"))
            #expect(actual == vector.message, "\(vector.name)")
            let back: Satchel_V1_Column = try Serialisation.message(try bytes(vector.message)[...], "A column")
            #expect(try ColumnCoding.decode(back, count: values.count) == values, "\(vector.name)")
        }
        for vector in file.ids {
            let ids = vector.ids.compactMap { RowID($0) }
            let actual = Hexadecimal.text(try Serialisation.bytes(RowIDCoding.encode(ids), "Ids"))
            #expect(actual == vector.message, "\(vector.name)")
            let back: Satchel_V1_RowIds = try Serialisation.message(try bytes(vector.message)[...], "Ids")
            #expect(try RowIDCoding.decode(back).map(\.text) == vector.ids, "\(vector.name)")
        }
        for vector in file.refused {
            let found = code {
                let message: Satchel_V1_Column = try Serialisation.message(try bytes(vector.message)[...], "A column")
                return try ColumnCoding.decode(message, count: vector.rows)
            }
            #expect(found?.rawValue == vector.code, "\(vector.name)")
        }
    }

    @Test func transactions() throws {
        struct File: Decodable {
            struct Entry: Decodable {
                let name: String
                let transaction: TransactionVector
                let payload: String
            }
            let transactions: [Entry]
        }
        let file: File = try vectors("transaction")
        for vector in file.transactions {
            let transaction = try vector.transaction.transaction()
            #expect(Hexadecimal.text(try transaction.wireBytes()) == vector.payload, "\(vector.name)")
            #expect(try sorted(Transaction(wireBytes: bytes(vector.payload))) == sorted(transaction), "\(vector.name)")
        }
    }
}

/// A file of `protocol/vectors`.
func vectors<File: Decodable>(_ name: String) throws -> File {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../protocol/vectors")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: folder.appending(path: "\(name).json")))
}

func bytes(_ hexadecimal: String) throws -> [UInt8] { try #require(Hexadecimal.bytes(hexadecimal)) }
