import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@Suite struct ServerPageTests {
    /// Every row under a root by pages of a size.
    private func ids(_ subject: ServerSubject, _ root: RootNumber, after position: UInt64, limit: Int = 100) throws -> [String]
    {
        try subject.store.read { (reader) throws in
            var ids: [String] = []
            var page: RowPage?
            repeat {
                let found = try reader.rows(under: root, changedAfter: Position(position), page: page, limit: limit)
                #expect(found.rows.count <= limit)
                ids += found.rows.map(\.key.id.text)
                page = found.next
            } while page != nil
            return ids
        }
    }

    @Test(arguments: ServerKind.allCases) func rowsComeInTheOrderOfTheirKeysWhateverChangedLast(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let root = RootNumber(2)
            try subject.commit { try $0.company("a", in: .territory("dach")) }
            // Five contacts at 2 … 6, of which three at one position.
            try subject.commit { draft in
                for _ in 0..<3 { try draft.transaction() }
                for (id, position) in [("v", 2), ("w", 3), ("x", 3), ("y", 3), ("z", 4)] as [(String, UInt64)] {
                    let link = RootLink(root: root, began: Position(position))
                    draft.commit.rows.append(
                        ServerWorld.row(ServerWorld.contact, id, Position(position), [0: .text(id)], links: [link]))
                    draft.touch(root, Position(position))
                }
            }
            // The first of them changes at 5.
            try subject.commit { draft in
                let position = try draft.transaction()
                let link = RootLink(root: root, began: Position(2))
                draft.commit.rows = [ServerWorld.row(ServerWorld.contact, "v", position, links: [link])]
                draft.touch(root, position)
            }
            try subject.reopen()
            for limit in 1...7 {
                #expect(try ids(subject, root, after: 0, limit: limit) == ["a", "v", "w", "x", "y", "z"], "pages of \(limit)")
                #expect(try ids(subject, root, after: 3, limit: limit) == ["v", "z"], "pages of \(limit)")
            }
            #expect(try ids(subject, root, after: 5).isEmpty)
            #expect(try ids(subject, .global, after: 0).isEmpty)
        }
    }

    @Test(arguments: ServerKind.allCases) func aRowThatLeftIsFoundWhereItLeft(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            let (old, new) = (RootNumber(2), RootNumber(3))
            try subject.commit { draft in
                try draft.company("a", in: .territory("dach"))
                try draft.company("b", in: .territory("dach"))
                let position = try draft.transaction()  // 3
                draft.commit.rows.append(
                    ServerWorld.row(ServerWorld.contact, "c", position, links: [RootLink(root: old, began: position)]))
            }
            func write(_ links: [RootLink]) throws -> StoredRow {
                let commit = try subject.commit { draft in
                    let position = try draft.transaction()
                    draft.commit.rows = [ServerWorld.row(ServerWorld.contact, "c", position, links: links)]
                }
                return commit.rows[0]
            }
            // It moves from a to b at 4, changes at 5, and returns at 6.
            let ended = RootLink(root: old, began: Position(3), ended: Position(4))
            _ = try write([ended, RootLink(root: new, began: Position(4))])
            let changed = try write([ended, RootLink(root: new, began: Position(4))])
            try subject.reopen()
            #expect(try ids(subject, old, after: 0) == ["a", "c"])
            #expect(try ids(subject, old, after: 3) == ["c"])
            #expect(try ids(subject, old, after: 4).isEmpty)
            #expect(try ids(subject, new, after: 4) == ["c"])
            try subject.store.read { (reader) throws in
                let found = try reader.rows(under: old, changedAfter: Position(3), page: nil, limit: 10).rows
                // Found under the old root, it comes with all its links and as it is now.
                #expect(found == [changed])
                #expect(found[0].currentRoots == [new])
            }
            // Both intervals under the old root are kept; the row is found there once.
            let back = [
                ended, RootLink(root: new, began: Position(4), ended: Position(6)), RootLink(root: old, began: Position(6)),
            ]
            let returned = try write(back)
            try subject.reopen()
            #expect(try subject.row(returned.key)?.links == back)
            #expect(try ids(subject, old, after: 3) == ["c"])
            #expect(try ids(subject, old, after: 5) == ["c"])
            #expect(try ids(subject, new, after: 5) == ["c"])
            #expect(try ids(subject, new, after: 6).isEmpty)
            #expect(try ids(subject, old, after: 0) == ["a", "c"])
        }
    }

    @Test(arguments: ServerKind.allCases) func aRowUnderTwoRootsIsUnderBoth(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.commit { draft in
                try draft.company("a", in: .territory("dach"))
                try draft.company("b", in: .user("anna"))
                let position = try draft.transaction()
                let links = [RootLink(root: RootNumber(3), began: position), RootLink(root: RootNumber(2), began: position)]
                draft.commit.rows.append(ServerWorld.row(ServerWorld.contact, "c", position, links: links))
            }
            #expect(try ids(subject, RootNumber(2), after: 0) == ["a", "c"])
            #expect(try ids(subject, RootNumber(3), after: 0) == ["b", "c"])
            #expect(try subject.row(ServerWorld.key(1, "c"))?.currentRoots == [RootNumber(2), RootNumber(3)])
        }
    }

    @Test(arguments: ServerKind.allCases) func manyRowsOfTwoTablesPageWithoutLossOrRepeat(_ kind: ServerKind) throws {
        try ServerSubject.run(kind) { (subject) throws in
            try subject.commit { draft in
                let position = try draft.transaction()
                let link = RootLink(root: .global, began: position)
                for number in 0..<500 {
                    let table = number % 2 == 0 ? ServerWorld.product : ServerWorld.contact
                    draft.commit.rows.append(ServerWorld.row(table, "r\(number)", position, links: [link]))
                }
                draft.touch(.global, position)
            }
            let found = try ids(subject, .global, after: 0, limit: 37)
            #expect(found.count == 500)
            #expect(Set(found).count == 500)
        }
    }
}
