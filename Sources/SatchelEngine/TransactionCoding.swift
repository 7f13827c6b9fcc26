import SatchelProtocol

/// How a transaction becomes payload bytes and back. The engine never looks inside them; SatchelWire gives the product's
/// protobuf form, the simulator may give another.
public protocol TransactionCoding: Sendable {
    func encode(_ transaction: Transaction) throws -> [UInt8]
    func decode(_ payload: [UInt8]) throws -> Transaction
}
