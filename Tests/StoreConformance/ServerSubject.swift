import Foundation
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import SatchelServer

/// The stores that run this suite.
enum ServerKind: String, CaseIterable, Sendable {
    case memory, sqlite
}

/// A store under test, and what differs between the kinds.
final class ServerSubject {
    private(set) var store: any ServerStore
    private let path: String?

    static let epoch = Epoch(0xF0F0_1234_5678_9ABC)

    private init(_ kind: ServerKind, folder: URL) throws {
        switch kind {
        case .memory:
            path = nil
            store = MemoryServerStore(governance: ServerWorld.governance, epoch: Self.epoch)
        case .sqlite:
            let path = folder.appendingPathComponent("server.sqlite").path
            self.path = path
            store = try SQLiteServerStore.create(
                at: path, organisation: "example", governance: ServerWorld.governance, epoch: Self.epoch)
        }
    }

    static func run(_ kind: ServerKind, _ body: (ServerSubject) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("satchel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let subject = try ServerSubject(kind, folder: folder)
        try body(subject)
        try (subject.store as? SQLiteServerStore)?.close()
    }

    /// As after a restart. Memory has none.
    func reopen() throws {
        guard let path, let open = store as? SQLiteServerStore else { return }
        try open.close()
        store = try SQLiteServerStore.open(at: path)
    }

    func enrol(_ replica: ReplicaID, user: String) throws {
        if let memory = store as? MemoryServerStore { memory.enrol(replica, user: user) }
        try (store as? SQLiteServerStore)?.enrol(replica, user: user)
    }

    func beginEpoch(_ epoch: Epoch) throws {
        if let memory = store as? MemoryServerStore { memory.beginEpoch(epoch) }
        try (store as? SQLiteServerStore)?.beginEpoch(epoch)
    }

    func entries(after position: Position, limit: Int = .max) throws -> [LogEntry] {
        if let memory = store as? MemoryServerStore { return memory.entries(after: position, limit: limit) }
        return try (store as? SQLiteServerStore)?.entries(after: position, limit: limit) ?? []
    }

    var commitCount: Int { (store as? MemoryServerStore)?.commitCount ?? (store as? SQLiteServerStore)?.commitCount ?? -1 }

    /// One commit, built on what is stored.
    @discardableResult
    func commit(_ build: (inout CommitDraft) throws -> Void) throws -> Commit {
        try store.write { writer in
            var draft = try CommitDraft(writer)
            try build(&draft)
            try writer.write(draft.commit)
            return draft.commit
        }
    }

    func row(_ key: RowKey) throws -> StoredRow? { try store.read { try $0.row(key) } }
}
