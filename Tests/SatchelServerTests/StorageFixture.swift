import Foundation
import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

@testable import SatchelServer

/// A folder for one test, and the smallest organisation that has everything the storage tells apart.
enum StorageFixture {
    static let schema = Schema(
        name: "small", version: 1,
        tables: [
            SatchelPolicy.Table(
                name: "company", partition: [.territory(field: 1)],
                fields: [
                    Field(name: "name", type: .text), Field(name: "territory", type: .territory),
                    Field(name: "score", type: .real),
                    Field(name: "open", type: .boolean), Field(name: "logo", type: .blob),
                ]),
            SatchelPolicy.Table(
                name: "contact", partition: [.through(field: 0)],
                fields: [Field(name: "company", type: .reference("company")), Field(name: "order", type: .integer)]),
            // Names that the store's own tables have.
            SatchelPolicy.Table(name: "log", partition: [.global], fields: [Field(name: "select", type: .text)]),
            SatchelPolicy.Table(name: "row_company", partition: [.global], fields: [Field(name: "name", type: .text)]),
        ])

    static let governance = Governance(
        schema: schema, policy: Policy(name: "small", version: 1, roles: []),
        organisation: Organisation(territories: ["t": Organisation.Territory(id: "t", name: "T", parent: nil)]))

    static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("satchel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    static func withStore(_ body: (SQLiteServerStore) throws -> Void) throws {
        try withFolder { folder in
            let store = try SQLiteServerStore.create(
                at: folder + "/server.sqlite", organisation: "org", governance: governance, epoch: Epoch(1))
            try body(store)
            try store.close()
        }
    }

    static func row(
        _ table: Int, _ id: String, _ position: UInt64, _ cells: [Int: Value], isAlive: Bool = true, links: [RootLink] = []
    ) throws -> StoredRow {
        guard let id = RowID(id) else { throw SatchelError(.invalidID, "No id.", remedy: "") }
        let stamp = Stamp(
            dot: Dot(replica: ReplicaID(7), counter: position), position: Position(position),
            time: HLC(milliseconds: position, logical: 0))
        var state = RowState()
        let incarnation = state.insert(stamp, past: PositionPast(dot: stamp.dot, seen: .zero))
        for (field, value) in cells {
            _ = state.admit(
                Head(value: value, stamp: stamp), field: field, incarnation: incarnation,
                past: PositionPast(dot: stamp.dot, seen: .zero), kind: .lww)
        }
        if !isAlive {
            let death = Stamp(
                dot: Dot(replica: ReplicaID(8), counter: 1), position: Position(position),
                time: HLC(milliseconds: 9, logical: 0))
            _ = state.delete(death, past: PositionPast(dot: death.dot, seen: Position(position)))
        }
        return StoredRow(key: RowKey(table: table, id: id), state: state, links: links, position: Position(position))
    }

    /// One transaction that leaves these rows.
    static func commit(
        _ store: SQLiteServerStore, transactions: Int = 1, _ build: (inout Commit, Position) throws -> Void = { _, _ in }
    ) throws {
        try store.write { writer in
            var commit = Commit(head: try writer.head())
            let replica = ReplicaID(7)
            var mark = try writer.applied(replica)
            for _ in 0..<transactions {
                let position = commit.head.position.next
                let sealed = SealedTransaction(counter: mark.counter + 1, payload: [1])
                mark = AppliedMark(
                    counter: sealed.counter, runningHash: RunningHash.next(mark.runningHash, sealed), time: commit.head.clock)
                let verdict = TransactionVerdict(counter: sealed.counter, position: position, exceptions: [])
                commit.entries.append(
                    LogEntry(
                        position: position, replica: replica, user: "anna", receivedMilliseconds: 1, time: .zero,
                        clock: commit.head.clock, content: .transaction(sealed, verdict, runningHash: mark.runningHash),
                        hash: [UInt8](repeating: 3, count: 32)))
                commit.head.position = position
                commit.head.hash = [UInt8](repeating: 3, count: 32)
            }
            commit.applied[replica] = mark
            try build(&commit, commit.head.position)
            try writer.write(commit)
        }
    }
}
