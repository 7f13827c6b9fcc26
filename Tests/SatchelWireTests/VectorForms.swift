import SatchelCore
import SatchelProtocol
import Testing

/// A value in a vector file: JSON's null, or one of four keys. Reals are their 64 bits in hexadecimal, so that NaN and −0
/// have a form.
struct ValueVector: Decodable {
    private enum Key: String, CodingKey { case integer, real, text, blob }

    private let integer: String?
    private let real: String?
    private let text: String?
    private let blob: String?

    init(from decoder: any Decoder) throws {
        let fields = try? decoder.container(keyedBy: Key.self)
        integer = try fields?.decodeIfPresent(String.self, forKey: .integer)
        real = try fields?.decodeIfPresent(String.self, forKey: .real)
        text = try fields?.decodeIfPresent(String.self, forKey: .text)
        blob = try fields?.decodeIfPresent(String.self, forKey: .blob)
    }

    func value() throws -> Value {
        if let integer { return .integer(try #require(Int64(integer))) }
        if let real { return .real(Double(bitPattern: try #require(UInt64(real, radix: 16)))) }
        if let text { return .text(text) }
        if let blob { return .blob(try bytes(blob)) }
        return .null
    }
}

/// A transaction in a vector file. Numbers of 64 bits are strings: JSON's are not that wide everywhere.
struct TransactionVector: Decodable {
    struct Clock: Decodable {
        let wallMilliseconds: String
        let boot: String
        let uptimeMilliseconds: String
    }

    struct ChangeVector: Decodable {
        let table: String
        let id: String
        let operation: String
        let seen: String
        let cells: [CellVector]
    }

    struct CellVector: Decodable {
        let field: String
        let value: ValueVector
        let seen: String?
    }

    struct ResolutionVector: Decodable {
        let refusal: String
        let action: String
    }

    let counter: String
    let epoch: String
    let clock: Clock
    let atomic: Bool
    let changes: [ChangeVector]
    let resolutions: [ResolutionVector]

    func transaction() throws -> Transaction {
        let operations: [String: SatchelProtocol.Operation] = ["insert": .insert, "update": .update, "delete": .delete]
        let actions: [String: Resolution.Action] = ["discarded": .discarded, "retried": .retried]
        return Transaction(
            counter: try #require(UInt64(counter)), epoch: Epoch(try #require(UInt64(epoch, radix: 16))),
            clock: ClockReading(
                wallMilliseconds: try #require(UInt64(clock.wallMilliseconds)), boot: try bytes(clock.boot),
                uptimeMilliseconds: try #require(UInt64(clock.uptimeMilliseconds))),
            isAtomic: atomic,
            changes: try changes.map { change in
                Change(
                    table: change.table, id: try #require(RowID(change.id)),
                    operation: try #require(operations[change.operation]), seen: Position(try #require(UInt64(change.seen))),
                    cells: try change.cells.map { cell in
                        CellWrite(
                            field: cell.field, value: try cell.value.value(),
                            seen: try cell.seen.map { Position(try #require(UInt64($0))) })
                    })
            },
            resolutions: try resolutions.map {
                Resolution(refusal: try #require(RefusalID($0.refusal)), action: try #require(actions[$0.action]))
            })
    }
}
