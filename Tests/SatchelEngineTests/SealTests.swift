import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Testing

@Suite struct SealTests {
    @Test func aCursorIsOneUsersAndOnePositionsOnly() {
        let sealer = CursorSealer(key: Array(repeating: 7, count: 32))
        let cursor = sealer.seal(user: "anna", epoch: Epoch(3), position: Position(41))
        #expect(sealer.verify(cursor, user: "anna"))
        #expect(!sealer.verify(cursor, user: "ben"))
        #expect(!sealer.verify(Cursor(epoch: Epoch(3), position: Position(42), seal: cursor.seal), user: "anna"))
        #expect(!sealer.verify(Cursor(epoch: Epoch(4), position: Position(41), seal: cursor.seal), user: "anna"))
        #expect(!CursorSealer(key: Array(repeating: 8, count: 32)).verify(cursor, user: "anna"))
        #expect(!sealer.verify(Cursor(epoch: Epoch(3), position: Position(41), seal: []), user: "anna"))
    }

    @Test func rootsStayApartAndSayNothingOfTheirOrder() {
        let cipher = RootCipher(key: Array(repeating: 1, count: 32))
        let numbers = (1...2_000).map { cipher.encrypt(RootNumber(UInt64($0))) }
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers == (1...2_000).map { cipher.encrypt(RootNumber(UInt64($0))) })
        #expect(numbers != numbers.sorted())
        #expect(numbers.filter { $0 < 1 << 40 }.count < 5)
    }
}
