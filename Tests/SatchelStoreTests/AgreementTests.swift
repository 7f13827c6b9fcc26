import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelStore
import Testing

/// The file and the simulator's dictionaries are one seam: the same calls give the same answers.
@Suite struct AgreementTests {
    private let rows = 1...6
    private let company = StoreWorld.company

    @Test(arguments: 0..<20) func theFileAgreesWithTheMemoryStore(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let world = try StoreWorld()
        let memory = MemoryReplicaStore()
        memory.install(StoreWorld.schema)
        let masks = [(world.rep, StoreWorld.repMask), (world.peer, StoreWorld.peerMask)]
            .map {
                (
                    file: $0, memory: memory.maskNumber($1),
                    fields: $1.tables[0].read.compactMap { StoreWorld.schema.tables[0].fieldIndex($0) }
                )
            }

        for _ in 0..<40 {
            let key = StoreWorld.key(company, Int.random(in: rows, using: &random))
            let mask = masks[Int.random(in: 0...1, using: &random)]
            let roots = Array(
                Set((0...Int.random(in: 0...2, using: &random)).map { _ in UInt64.random(in: 1...4, using: &random) }))
            let value = Value.text("v\(Int.random(in: 0...3, using: &random))")
            let kind = Int.random(in: 0...8, using: &random)
            try world.database.withStore { store in
                for (own, store) in [(mask.file, store as any ReplicaStore), (mask.memory, memory)] {
                    try Self.act(kind, key, mask: own, fields: mask.fields, roots: roots, value, store)
                }
                try compare(store, memory)
            }
        }
    }

    private static func act(
        _ kind: Int, _ key: RowKey, mask: Int, fields: [Int], roots: [UInt64], _ value: Value, _ store: any ReplicaStore
    ) throws {
        switch kind {
        case 0, 1:
            try store.receive(
                IncomingRows(
                    table: key.table, mask: mask, isComplete: true, fields: fields, ids: [key.id], roots: [roots],
                    columns: fields.map { $0 == 6 ? [.integer(1)] : [value] }))
        case 2:
            guard try store.row(key) != nil else { return }
            try store.receive(
                IncomingRows(
                    table: key.table, mask: mask, isComplete: false, fields: [1], ids: [key.id], roots: [], columns: [[value]]))
        case 3: try store.setRow(key, values: [1: value, 2: .null])
        case 4: try store.removeRow(key, keepPlacement: value == .text("v0"))
        case 5: try store.setPlacement(key, mask: mask, roots: roots)
        case 6:
            for left in try store.detach(roots: roots) { try store.removeRow(left, keepPlacement: false) }
        case 7:
            let shadow = Shadow(baseExists: true, cells: [1: .init(base: value, counter: 1, seen: .zero)])
            try store.setShadow(value == .text("v0") ? nil : shadow, of: key)
        default:
            let conflict = LocalConflict(rule: "lww", heads: [.init(value: value, user: "mia", milliseconds: 1)])
            try store.setConflict(value == .text("v0") ? nil : conflict, key: key, field: 1)
            if value == .text("v3") { try store.removeConflicts(of: key) }
        }
    }

    private func compare(_ file: any ReplicaStore, _ memory: any ReplicaStore) throws {
        for number in rows {
            let key = StoreWorld.key(company, number)
            #expect(try file.row(key) == memory.row(key))
            #expect(try file.readable(key) == memory.readable(key))
            #expect(try file.shadow(key) == memory.shadow(key))
            #expect(try file.conflict(key: key, field: 1) == memory.conflict(key: key, field: 1))
        }
        #expect(try file.placedRows(table: company) == memory.placedRows(table: company))
        #expect(try file.unplacedRows(table: company) == memory.unplacedRows(table: company))
        #expect(try file.shadowedRows() == memory.shadowedRows())
        #expect(try file.hasShadows(table: company) == memory.hasShadows(table: company))
        #expect(try file.hasConflicts(table: company) == memory.hasConflicts(table: company))
    }

    @Test(arguments: 0..<10) func overtakenWritesAreListedAlike(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let world = try StoreWorld()
        let memory = MemoryReplicaStore()
        try world.database.withStore { file throws in
            for _ in 0..<40 {
                let row = StoreWorld.id(Int.random(in: rows, using: &random))
                let field = ["name", "visits", nil].randomElement(using: &random) ?? nil
                let write = OvertakenWrite(
                    transaction: Dot(replica: ReplicaID(7), counter: UInt64.random(in: 1...3, using: &random)),
                    table: "company", row: row, operation: field == nil ? .delete : .update, field: field,
                    value: field == nil ? .null : .text("v"), code: .rowDeleted, reason: "r",
                    writtenMilliseconds: UInt64.random(in: 1...3, using: &random))
                if Bool.random(using: &random) {
                    #expect(try file.addOvertaken(write) == memory.addOvertaken(write))
                } else {
                    #expect(
                        try file.removeOvertaken(table: "company", row: row, field: field)
                            == memory.removeOvertaken(table: "company", row: row, field: field))
                }
                #expect(try file.overtaken() == memory.overtaken())
                #expect(try file.reader.overtakenCount() == memory.overtaken().count)
            }
        }
    }

    /// What an app writes by SQL, and what the simulator's app writes by calls, close into the same changes.
    @Test(arguments: 0..<10) func localWritesCloseAlike(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let world = try StoreWorld()
        let memory = MemoryReplicaStore()
        memory.install(StoreWorld.schema)
        for _ in 0..<8 {
            // A row deleted and made anew within one transaction is left out: the file says only what differs of it.
            var deleted: Set<RowKey> = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let key = StoreWorld.key(StoreWorld.sample, Int.random(in: rows, using: &random))
                let text = ["x", "y", "z"].randomElement(using: &random) ?? ""
                let isHere = memory.row(key) != nil
                if deleted.contains(key) { continue }
                try world.database.write { database in
                    switch (isHere, Int.random(in: 0...2, using: &random)) {
                    case (true, 0):
                        try database.execute(sql: "DELETE FROM sample WHERE id = ?", arguments: [key.id.text])
                        memory.delete(key)
                        deleted.insert(key)
                    case (true, _):
                        let sql = "UPDATE sample SET a_text = ? WHERE id = ?"
                        try database.execute(sql: sql, arguments: [text, key.id.text])
                        if memory.row(key)?[1] != .text(text) { memory.write(key, values: [1: .text(text)]) }
                    case (false, _):
                        let sql = "INSERT INTO sample (id, owner, a_text) VALUES (?, 'anna', ?)"
                        try database.execute(sql: sql, arguments: [key.id.text, text])
                        memory.write(key, values: [0: .text("anna"), 1: .text(text)])
                    }
                }
            }
            #expect(Set(try world.open()) == Set(memory.takeOpenChanges(limit: 100)))
        }
    }
}
