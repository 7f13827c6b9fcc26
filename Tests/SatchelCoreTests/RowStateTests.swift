import SatchelCore
import Testing

/// The life of a row, told by positions.
@Suite struct RowStateTests {
    /// A row and the log that made it.
    private struct Log {
        var row = RowState()
        var position: UInt64 = 0
        var counters: [UInt64: UInt64] = [:]

        private mutating func next(_ replica: UInt64) -> Stamp {
            position += 1
            counters[replica, default: 0] += 1
            return Stamp(
                dot: Dot(replica: ReplicaID(replica), counter: counters[replica] ?? 0), position: Position(position),
                time: HLC(milliseconds: position, logical: 0))
        }

        private mutating func write(_ stamp: Stamp, _ past: PositionPast, _ incarnation: UInt32, _ value: String?) -> Admission?
        {
            value.map {
                row.admit(
                    Head(value: .text($0), stamp: stamp), field: 0, incarnation: incarnation, past: past, kind: .lww)
            }
        }

        @discardableResult
        mutating func insert(_ replica: UInt64, seen: UInt64, _ value: String? = nil) -> Admission? {
            let stamp = next(replica)
            let past = PositionPast(dot: stamp.dot, seen: Position(seen))
            return write(stamp, past, row.insert(stamp, past: past), value)
        }

        @discardableResult
        mutating func update(_ replica: UInt64, seen: UInt64, _ value: String) -> Admission? {
            let stamp = next(replica)
            let past = PositionPast(dot: stamp.dot, seen: Position(seen))
            return write(stamp, past, row.existence.length(in: past), value)
        }

        @discardableResult
        mutating func delete(_ replica: UInt64, seen: UInt64) -> Bool {
            let stamp = next(replica)
            return row.delete(stamp, past: PositionPast(dot: stamp.dot, seen: Position(seen)))
        }
    }

    @Test func anUpdateNeverCreates() {
        var log = Log()
        #expect(log.update(1, seen: 0, "x") == .superseded)
        #expect(!log.row.isAlive && log.row == RowState())
        #expect(log.delete(1, seen: 1) == false)
        #expect(log.row == RowState())
    }

    @Test func aRowReturnsOnlyThroughAWriteThatHadSeenItsDelete() {
        var log = Log()
        #expect(log.insert(1, seen: 0, "first") == .shown)  // 1
        #expect(log.delete(2, seen: 1) == true)  // 2
        #expect(!log.row.isAlive && log.row.existence.length == 2)
        #expect(log.insert(3, seen: 1, "late") == .superseded)  // 3
        #expect(log.update(1, seen: 1, "later") == .superseded)  // 4
        #expect(!log.row.isAlive)
        #expect(log.insert(3, seen: 4, "again") == .shown)  // 5
        #expect(log.row.isAlive && log.row.existence.length == 3 && log.row.value(0) == .text("again"))
        // What had not seen the new life touches nothing of it, a delete included.
        #expect(log.update(1, seen: 1, "of the old life") == .superseded)  // 6
        #expect(log.delete(2, seen: 2) == false)  // 7
        #expect(log.row.isAlive && log.row.cells[0]?.heads.count == 1)
    }

    @Test func aNewLifeStartsItsCellsAfresh() {
        var log = Log()
        log.insert(1, seen: 0, "old")
        log.delete(1, seen: 0)
        #expect(log.row.value(0) == .text("old"))
        log.insert(1, seen: 2)
        #expect(log.row.isAlive && log.row.cells.isEmpty && log.row.position(0) == .zero)
    }

    @Test func concurrentInsertsOfOneIdAreOneRow() {
        var log = Log()
        #expect(log.insert(1, seen: 0, "a") == .shown)
        #expect(log.insert(2, seen: 0, "b") == .shown)
        #expect(log.row.existence.length == 1 && log.row.existence.steps.count == 2)
        #expect(log.row.cells[0]?.heads.map(\.value) == [.text("b"), .text("a")])
        // Either insert is enough to have seen the row.
        #expect(log.delete(3, seen: 1) == true)
        #expect(!log.row.isAlive)
    }

    @Test func concurrentDeletesAreOne() {
        var log = Log()
        log.insert(1, seen: 0, "a")
        #expect(log.delete(2, seen: 1) == true)
        #expect(log.delete(3, seen: 1) == true)
        #expect(log.delete(3, seen: 3) == true)
        #expect(log.row.existence.length == 2)
        #expect(log.row.existence.position == Position(2))
    }

    @Test func aDeadRowsValuesDoNotDependOnWhoCameFirst() {
        var editFirst = Log()
        editFirst.insert(1, seen: 0, "a")
        #expect(editFirst.update(2, seen: 1, "edit") == .shown)
        editFirst.delete(3, seen: 1)
        var deleteFirst = Log()
        deleteFirst.insert(1, seen: 0, "a")
        deleteFirst.delete(3, seen: 1)
        #expect(deleteFirst.update(2, seen: 1, "edit") == .superseded)
        #expect(Outcome(deleteFirst.row) == Outcome(editFirst.row))
        #expect(deleteFirst.row.value(0) == .text("edit"))
        // An edit that had seen the delete belongs to no life at all.
        #expect(deleteFirst.update(2, seen: 3, "of a dead row") == .superseded)
        #expect(deleteFirst.row.value(0) == .text("edit"))
    }

    @Test func positionsSayWhereTheLogChangedTheRow() {
        var log = Log()
        log.insert(1, seen: 0, "a")  // 1
        log.insert(2, seen: 0, "b")  // 2
        #expect(log.row.existence.position == Position(1))
        #expect(log.row.position(0) == Position(2))
        log.delete(1, seen: 2)  // 3
        log.insert(2, seen: 3, "c")  // 4
        #expect(log.row.existence.position == Position(4))
        #expect((0...5).map { log.row.existence.length(at: Position($0)) } == [0, 1, 1, 2, 3, 3])
        #expect(log.row.existence.incarnation == 3)
        #expect(Existence().position == .zero && Existence().incarnation == 0)
    }
}
