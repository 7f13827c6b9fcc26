import SatchelEngine
import SatchelProtocol
import SatchelWire

/// The product's form of a transaction's payload: protobuf (SPEC.md, "Transactions").
struct WireTransactionCoding: TransactionCoding {
    func encode(_ transaction: Transaction) throws -> [UInt8] { try transaction.wireBytes() }
    func decode(_ payload: [UInt8]) throws -> Transaction { try Transaction(wireBytes: payload) }
}
