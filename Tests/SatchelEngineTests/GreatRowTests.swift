import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Synchronization
import Testing

/// A row that no one transaction takes: it goes as several, and holds up nothing.
@Suite struct GreatRowTests {
    private final class Kept: TransactionCoding {
        let transactions = Mutex<[Transaction]>([])

        func encode(_ transaction: Transaction) throws -> [UInt8] {
            transactions.withLock { $0.append(transaction) }
            return [UInt8(transaction.counter)]
        }

        func decode(_ payload: [UInt8]) throws -> Transaction { transactions.withLock { $0[Int(payload[0]) - 1] } }
    }

    private static let schema = Schema(
        name: "great", version: 1,
        tables: [
            Table(
                name: "document", partition: [.territory(field: 5)],
                fields: (0..<5).map { Field(name: "f\($0)", type: .text, isRequired: $0 == 4) } + [
                    Field(name: "territory", type: .territory)
                ])
        ])

    private let kept = Kept()
    private let store = MemoryReplicaStore()
    private let key = RowKey(table: 0, id: Bench.id(1))
    private var clock: ClockReading { ClockReading(wallMilliseconds: 1, boot: [], uptimeMilliseconds: 0) }

    private func text(_ letter: String) -> Value { .text(String(repeating: letter, count: Limits.valueBytes)) }

    @Test func itsFieldsTravelInSeveralTransactionsTheNeededOnesFirst() throws {
        store.install(Self.schema)
        var values = Dictionary(uniqueKeysWithValues: (0..<5).map { ($0, text("\($0)")) })
        values[5] = .text("north")
        store.write(key, values: values)
        store.write(RowKey(table: 0, id: Bench.id(2)), values: [4: .text("small"), 5: .text("north")])
        try ReplicaEngine(coding: kept).closeOpenChanges(store, clock: clock)

        let sent = kept.transactions.withLock { $0 }
        let great = sent.map { $0.changes.filter { $0.id == key.id } }.filter { !$0.isEmpty }
        #expect(great.allSatisfy { $0.count == 1 })
        #expect(great.first?[0].operation == .insert)
        #expect(great.dropFirst().allSatisfy { $0[0].operation == .update })
        #expect(great.count >= 2)
        #expect(Set(great[0][0].cells.map(\.field)).isSuperset(of: ["f4", "territory"]))
        #expect(great.flatMap { $0[0].cells.map(\.field) }.sorted() == ["f0", "f1", "f2", "f3", "f4", "territory"])
        for transaction in sent {
            let bytes = transaction.changes.flatMap(\.cells).reduce(0) { sum, cell in
                guard case .text(let text) = cell.value else { return sum }
                return sum + text.utf8.count
            }
            #expect(bytes < Limits.transactionBytes)
        }
        #expect(sent.contains { $0.changes.contains { $0.id == Bench.id(2) } })
        #expect(sent.map(\.counter) == Array(1...UInt64(sent.count)))
    }
}
