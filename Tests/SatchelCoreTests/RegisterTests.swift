import SatchelCore
import Testing

@Suite struct RegisterTests {
    private func head(
        _ replica: UInt64, _ counter: UInt64 = 1, at position: UInt64, _ milliseconds: UInt64, _ logical: UInt32 = 0
    ) -> Head {
        let dot = Dot(replica: ReplicaID(replica), counter: counter)
        return Head(
            value: .text(dot.description),
            stamp: Stamp(
                dot: dot, position: Position(position), time: HLC(milliseconds: milliseconds, logical: logical)))
    }

    private func admit(_ head: Head, seen: UInt64, to register: inout Register) -> Admission {
        register.admit(head, past: PositionPast(dot: head.stamp.dot, seen: Position(seen)), kind: .lww)
    }

    @Test func aNeverWrittenCellShowsNothing() {
        #expect(Register().shown == nil)
        #expect(RowState().value(3) == .null)
        #expect(RowState().position(3) == .zero)
    }

    /// DESIGN §5: a and b are concurrent, a wins, and d overwrites a without having seen b. The candidates are d and b.
    @Test(arguments: [(30, 20), (20, 30)])
    func losersStayCandidatesUntilTheyWereSeen(timeOfD: UInt64, timeOfB: UInt64) {
        var register = Register()
        let a = head(1, at: 1, 25)
        let b = head(2, at: 2, timeOfB)
        let d = head(3, at: 3, timeOfD)
        #expect(admit(a, seen: 0, to: &register) == .shown)
        #expect(admit(b, seen: 0, to: &register) == (timeOfB > 25 ? .shown : .conflicting))
        #expect(Set(register.heads) == [a, b])
        #expect(admit(d, seen: 1, to: &register) == (timeOfD > timeOfB ? .shown : .conflicting))
        #expect(register.heads == (timeOfD > timeOfB ? [d, b] : [b, d]))
        // A write that had seen both ends the conflict.
        let e = head(1, 2, at: 4, 1)
        #expect(admit(e, seen: 3, to: &register) == .shown)
        #expect(register.heads == [e])
    }

    @Test func aLaterWriteWinsWhateverTheClocksSay() {
        var register = Register()
        _ = admit(head(1, at: 1, .max, .max), seen: 0, to: &register)
        #expect(admit(head(2, at: 2, 0), seen: 1, to: &register) == .shown)
        #expect(register.heads.count == 1)
        // One's own earlier write is seen without having come back.
        #expect(admit(head(2, 2, at: 3, 0), seen: 0, to: &register) == .shown)
        #expect(register.heads.count == 1)
    }

    @Test func tiesAreBrokenByTheLogicalPartAndThenByTheReplica() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [1, 3, 2]] {
            var register = Register()
            let heads = [1: head(1, at: 1, 5, 1), 2: head(2, at: 2, 5, 2), 3: head(3, at: 3, 5, 2)]
            for replica in order {
                if let head = heads[replica] { _ = admit(head, seen: 0, to: &register) }
            }
            #expect(register.heads.map(\.stamp.dot.replica.number) == [3, 2, 1])
        }
    }

    @Test func aRepeatAndAnOvertakenWriteAreTold() {
        var register = Register()
        let first = head(1, 1, at: 1, 5)
        _ = admit(first, seen: 0, to: &register)
        #expect(admit(first, seen: 0, to: &register) == .repeated)
        let later = head(1, 3, at: 2, 5)
        _ = admit(later, seen: 0, to: &register)
        #expect(admit(head(1, 2, at: 3, 9), seen: 0, to: &register) == .superseded)
        #expect(register.heads == [later])
    }

    @Test func theStampOrderIsTotal() {
        let stamps = (0..<27).map { number in
            let dot = Dot(replica: ReplicaID(UInt64(number % 3)), counter: UInt64(number / 3 % 3))
            return Stamp(dot: dot, position: .zero, time: HLC(milliseconds: 1, logical: UInt32(number / 9)))
        }
        for one in stamps {
            for other in stamps {
                let isOrdered = one.isEarlier(than: other) != other.isEarlier(than: one)
                #expect(isOrdered == (one != other))
            }
        }
    }
}
