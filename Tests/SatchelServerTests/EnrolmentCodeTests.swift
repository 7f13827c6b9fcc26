import Testing

@testable import SatchelServer

struct EnrolmentCodeTests {
    @Test func aCodeIsFourGroupsOfFourAndReadsBack() throws {
        var random = SystemRandomNumberGenerator()
        let code = EnrolmentCode.random(using: &random)
        #expect(code.text.split(separator: "-").map(\.count) == [4, 4, 4, 4])
        #expect(EnrolmentCode(code.text)?.hash == code.hash)
        #expect(EnrolmentCode.random(using: &random).hash != code.hash)
    }

    @Test func whatAPersonTypesIsTheSameCode() throws {
        let code = try #require(EnrolmentCode("01AB-CDEF-1011-0000"))
        #expect(EnrolmentCode("olab cdef iOLi oooo")?.hash == code.hash)
        #expect(EnrolmentCode("01ABCDEF10110000")?.text == "01AB-CDEF-1011-0000")
    }

    @Test(arguments: [
        "", "0", "01AB-CDEF-1011-000", "01AB-CDEF-1011-00000", "01AB-CDEF-1011-000U", String(repeating: "-", count: 9000),
    ])
    func whatIsNoCodeIsNone(_ text: String) { #expect(EnrolmentCode(text) == nil) }
}

struct NonceBookTests {
    private var random = SystemRandomNumberGenerator()

    @Test mutating func aNonceIsGoodOnceAndForAMinute() {
        var book = NonceBook(capacity: 10, seconds: 60)
        let first = book.issue(now: 1000, using: &random)
        let second = book.issue(now: 1000, using: &random)
        #expect(first.count == 32 && first != second)
        let answers = [
            book.redeem(first, now: 60_999), book.redeem(first, now: 60_999), book.redeem(second, now: 61_000),
            book.redeem([1, 2, 3], now: 1000),
        ]
        #expect(answers == [true, false, false, false])
    }

    @Test mutating func theOldestGoesWhenThereAreTooMany() {
        var book = NonceBook(capacity: 3, seconds: 60)
        let nonces = (0..<1000).map { _ in book.issue(now: 1000, using: &random) }
        #expect(book.count == 3)
        var good = 0
        for nonce in nonces where book.redeem(nonce, now: 1001) { good += 1 }
        #expect(good == 3)
        #expect(book.count == 0)
    }

    @Test mutating func usedAndOldOnesAreForgotten() {
        var book = NonceBook(capacity: 1000, seconds: 60)
        for now in UInt64(0)..<5000 { _ = book.issue(now: now * 1000, using: &random) }
        #expect(book.count == 60)
    }
}
