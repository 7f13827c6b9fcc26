import Dispatch
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Synchronization
import Testing

@Suite struct ServerIsolationTests {
    private struct Stop: Error {}

    @Test(arguments: ServerKind.allCases) func aReaderSeesOneMoment(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.commit { try $0.company("a", in: .territory("dach"), cells: [0: .text("before")]) }
            let store = subject.store
            try store.read { (reader) throws in
                let head = try reader.head()
                let rules = try reader.governance(at: head.position)
                // Another thread commits, and its commit returns, while this reader stays open.
                let done = DispatchSemaphore(value: 0)
                let failure = Mutex<String?>("not run")
                DispatchQueue.global().async {
                    do {
                        try store.write { writer in
                            var draft = try CommitDraft(writer)
                            let position = try draft.transaction()
                            draft.rules(.grant(ServerWorld.grant("ben", "rep", "dach")))
                            let link = RootLink(root: RootNumber(2), began: Position(1))
                            draft.commit.rows = [
                                ServerWorld.row(
                                    ServerWorld.company, "a", position, [0: .text("after")], root: RootNumber(2), links: [link])
                            ]
                            draft.touch(RootNumber(2), position)
                            try writer.write(draft.commit)
                        }
                        failure.withLock { $0 = nil }
                    } catch {
                        failure.withLock { $0 = "\(error)" }
                    }
                    done.signal()
                }
                #expect(done.wait(timeout: .now() + 30) == .success)
                failure.withLock { #expect($0 == nil) }

                #expect(try reader.head() == head)
                #expect(try reader.row(ServerWorld.key(0, "a"))?.state.value(0) == .text("before"))
                #expect(try reader.roots(in: .territory("dach"), changedAfter: Position(1)).isEmpty)
                #expect(try reader.governance(at: head.position) == rules)
                #expect(try reader.governancePosition() == .zero)
                #expect(throws: SatchelError.self) { try reader.clock(at: Position(2)) }
                #expect(throws: SatchelError.self) { try reader.governance(at: Position(3)) }
            }
            try store.read { (reader) throws in
                #expect(try reader.head().position == Position(3))
                #expect(try reader.row(ServerWorld.key(0, "a"))?.state.value(0) == .text("after"))
                #expect(try reader.governancePosition() == Position(3))
            }
        }
    }

    /// Also when the body has read what it wrote.
    @Test(arguments: ServerKind.allCases, [false, true]) func nothingIsKeptOfABodyThatThrows(_ kind: ServerKind, _ looks: Bool)
        throws
    {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.commit { try $0.company("a", in: .territory("dach"), cells: [0: .text("before")]) }
            let before = try subject.store.read { try $0.head() }
            let root = RootNumber(2)
            #expect(throws: Stop.self) {
                try subject.store.write { writer in
                    var draft = try CommitDraft(writer)
                    let position = try draft.transaction(by: ReplicaID(8))
                    let ruled = draft.rules(.revoke(ServerWorld.grant("anna", "rep", "dach")))
                    let rows = [
                        ServerWorld.row(
                            ServerWorld.company, "a", position, [0: .text("after")], root: root,
                            links: [RootLink(root: root, began: Position(1))]),
                        ServerWorld.row(ServerWorld.contact, "c", position, [ServerWorld.employer: .text("a")]),
                    ]
                    draft.commit.rows = rows
                    draft.commit.memberships = [
                        Membership(root: root, scope: .territory("dach"), began: Position(1), ended: position)
                    ]
                    draft.touch(root, position)
                    try writer.write(draft.commit)
                    if looks {
                        #expect(try writer.row(rows[0].key)?.state.value(0) == .text("after"))
                        #expect(try writer.governance(at: ruled).organisation.grants.count == 1)
                    }
                    throw Stop()
                }
            }
            #expect(subject.commitCount == 1)
            func expectNothing() throws {
                try subject.store.read { (reader) throws in
                    #expect(try reader.head() == before)
                    #expect(try reader.applied(ReplicaID(8)) == .none)
                    #expect(try reader.row(ServerWorld.key(0, "a"))?.state.value(0) == .text("before"))
                    #expect(try reader.row(ServerWorld.key(1, "c")) == nil)
                    #expect(try reader.referencing(table: 1, field: 1, id: ServerWorld.key(0, "a").id).isEmpty)
                    #expect(try reader.memberships(of: root).map(\.ended) == [nil])
                    #expect(try reader.roots(in: .territory("dach"), changedAfter: Position(1)).isEmpty)
                    #expect(try reader.rows(under: root, changedAfter: .zero, page: nil, limit: 9).rows.count == 1)
                    #expect(try reader.governance(at: before.position) == ServerWorld.governance)
                }
                #expect(try subject.entries(after: .zero).count == 1)
            }
            try expectNothing()
            // The same positions come to mean something else, also to whatever was cached.
            try subject.commit { draft in
                try draft.transaction(by: ReplicaID(8))
                draft.rules(.user(Organisation.User(id: "mia", name: "Mia")))
            }
            try subject.store.read { (reader) throws in
                let rules = try reader.governance(at: Position(3)).organisation
                #expect(rules.users["mia"] != nil && rules.grants.count == 2)
            }
        }
    }

    @Test(arguments: ServerKind.allCases) func writersTakeTurns(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let store = subject.store
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                for _ in 0..<10 {
                    do {
                        try store.write { writer in
                            // Read and decide, then write: a lost update would leave the count short.
                            let key = ServerWorld.key(0, "counter")
                            var draft = try CommitDraft(writer)
                            let position = try draft.transaction(by: ReplicaID(UInt64(thread)))
                            var count: Int64 = 0
                            if case .integer(let stored)? = try writer.row(key)?.state.value(ServerWorld.visits) {
                                count = stored
                            }
                            draft.commit.rows = [
                                ServerWorld.row(
                                    ServerWorld.company, "counter", position, [ServerWorld.visits: .integer(count + 1)])
                            ]
                            try writer.write(draft.commit)
                        }
                        try store.read { (reader) throws in
                            let head = try reader.head()
                            let row = try reader.row(ServerWorld.key(0, "counter"))
                            // Row and head belong together.
                            if row?.position != head.position { failures.withLock { $0.append("torn at \(head.position)") } }
                        }
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }
            failures.withLock { #expect($0 == []) }
            #expect(try subject.row(ServerWorld.key(0, "counter"))?.state.value(ServerWorld.visits) == .integer(80))
            #expect(try subject.entries(after: .zero).map(\.position.number) == Array(1...80))
            #expect(subject.commitCount == 80)
        }
    }
}
