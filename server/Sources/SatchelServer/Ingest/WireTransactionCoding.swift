import SatchelEngine
import SatchelProtocol
import SatchelWire

/// Transactions in the product's own form: protobuf, as SPEC.md describes it.
public struct WireTransactionCoding: TransactionCoding {
    public init() {}

    public func encode(_ transaction: Transaction) throws -> [UInt8] { try transaction.wireBytes() }
    public func decode(_ payload: [UInt8]) throws -> Transaction { try Transaction(wireBytes: payload) }
}
