import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@Suite struct ServerScopeTests {
    private let dach = Scope.territory("dach")
    private let nordics = Scope.territory("nordics")

    private func roots(_ subject: ServerSubject, _ scope: Scope, after position: UInt64) throws -> [UInt64] {
        try subject.store.read { try $0.roots(in: scope, changedAfter: Position(position)).map(\.number) }
    }

    @Test(arguments: ServerKind.allCases) func globalRootIsThereFromTheBeginning(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.store.read { (reader) throws in
                #expect(try reader.memberships(of: .global) == [Membership(root: .global, scope: .global, began: .zero)])
                #expect(try reader.roots(in: .global, changedAfter: .zero).isEmpty)
                #expect(try reader.memberships(of: RootNumber(2)).isEmpty)
                #expect(try reader.roots(in: .user("anna"), changedAfter: .zero).isEmpty)
            }
            try subject.commit { draft in
                let position = try draft.transaction()
                draft.commit.rows = [
                    ServerWorld.row(ServerWorld.product, "p", position, links: [RootLink(root: .global, began: position)])
                ]
                draft.touch(.global, position)
            }
            try subject.reopen()
            #expect(try roots(subject, .global, after: 0) == [1])
            #expect(try roots(subject, .global, after: 1).isEmpty)
        }
    }

    @Test(arguments: ServerKind.allCases) func aMoveIsNewsToBothScopes(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.commit { draft in
                try draft.company("a", in: dach)  // root 2 at 1
                try draft.company("b", in: dach)  // root 3 at 2
            }
            #expect(try roots(subject, dach, after: 0) == [2, 3])
            #expect(try roots(subject, dach, after: 1) == [3])

            // Root 2 moves at 3.
            let root = RootNumber(2)
            let left = Membership(root: root, scope: dach, began: Position(1), ended: Position(3))
            let joined = Membership(root: root, scope: nordics, began: Position(3))
            try subject.commit { draft in
                let position = try draft.transaction()
                draft.commit.memberships = [left, joined]
                draft.touch(root, position)
            }
            #expect(try roots(subject, dach, after: 2) == [2])
            #expect(try roots(subject, nordics, after: 2) == [2])

            // What changes of it later is no news to the scope that it left.
            try subject.commit { draft in
                let position = try draft.transaction()
                draft.touch(root, position)
            }
            try subject.reopen()
            #expect(try roots(subject, dach, after: 2) == [2])
            #expect(try roots(subject, dach, after: 3).isEmpty)
            #expect(try roots(subject, nordics, after: 3) == [2])
            #expect(try roots(subject, nordics, after: 4).isEmpty)
            try subject.store.read { (reader) throws in #expect(try reader.memberships(of: root) == [left, joined]) }

            // It comes back: a second interval in the same scope.
            let back = Membership(root: root, scope: dach, began: Position(5))
            let gone = Membership(root: root, scope: nordics, began: Position(3), ended: Position(5))
            try subject.commit { draft in
                let position = try draft.transaction()
                draft.commit.memberships = [left, gone, back]
                draft.touch(root, position)
            }
            try subject.reopen()
            try subject.store.read { (reader) throws in #expect(try reader.memberships(of: root) == [left, gone, back]) }
            #expect(try roots(subject, dach, after: 4) == [2])
            #expect(try roots(subject, nordics, after: 4) == [2])
            #expect(try roots(subject, nordics, after: 5).isEmpty)
        }
    }

    @Test(arguments: ServerKind.allCases) func severalMovesInOneCommit(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let root = RootNumber(2)
            try subject.commit { draft in
                try draft.company("a", in: dach)
                try draft.transaction()
                try draft.transaction()
                try draft.transaction()
                // In dach from 1 to 2, in nordics from 2 to 3, in dach again from 3; touched at 4.
                draft.commit.memberships = [
                    Membership(root: root, scope: dach, began: Position(1), ended: Position(2)),
                    Membership(root: root, scope: nordics, began: Position(2), ended: Position(3)),
                    Membership(root: root, scope: dach, began: Position(3)),
                ]
                draft.touch(root, Position(4))
            }
            #expect(try roots(subject, nordics, after: 2) == [2])
            #expect(try roots(subject, nordics, after: 3).isEmpty)
            #expect(try roots(subject, dach, after: 3) == [2])
            #expect(try roots(subject, dach, after: 4).isEmpty)
        }
    }

    @Test(arguments: ServerKind.allCases) func refusalsByIdAndByUser(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            func refusal(_ counter: UInt64, _ number: Int, at position: UInt64, user: String = "anna") -> RefusalRecord {
                RefusalRecord(
                    id: RefusalID(dot: Dot(replica: ReplicaID(7), counter: counter), number: number),
                    position: Position(position),
                    user: user, time: HLC(milliseconds: 5, logical: 6), table: "no such table", row: ServerWorld.key(0, "r").id,
                    operation: .update, seen: Position(1),
                    cells: [
                        CellWrite(field: "x", value: .real(-0.0), seen: Position(0)), CellWrite(field: "", value: .blob([1])),
                        CellWrite(field: "y", value: .text("ü")), CellWrite(field: "z", value: .null),
                    ],
                    field: number == 1 ? "x" : nil, code: .noLongerInScope, reason: "It moved.")
            }
            let records = [refusal(1, 2, at: 1), refusal(1, 1, at: 1), refusal(2, 1, at: 2), refusal(3, 1, at: 3, user: "ben")]
            try subject.commit { draft in
                for _ in 0..<3 { try draft.transaction() }
                draft.commit.refusals = records
            }
            try subject.reopen()
            try subject.store.read { (reader) throws in
                for record in records { #expect(try reader.refusal(record.id) == record) }
                #expect(try reader.refusal(RefusalID(dot: Dot(replica: ReplicaID(7), counter: 9), number: 1)) == nil)
                #expect(try reader.outstandingRefusals(of: "anna") == [records[1], records[0], records[2]])
                #expect(try reader.outstandingRefusals(of: "ben") == [records[3]])
                #expect(try reader.outstandingRefusals(of: "mia").isEmpty)
            }
            var (discarded, retried) = (records[1], records[2])
            discarded.state = .discarded
            retried.state = .retried
            try subject.commit { draft in
                try draft.transaction()
                draft.commit.refusals = [discarded, retried]
            }
            try subject.reopen()
            try subject.store.read { (reader) throws in
                #expect(try reader.refusal(discarded.id) == discarded)
                #expect(try reader.refusal(retried.id) == retried)
                #expect(try reader.outstandingRefusals(of: "anna") == [records[0]])
            }
        }
    }
}
