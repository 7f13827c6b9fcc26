import Testing

@testable import SatchelServer

@Suite struct ImportJoinTests {
    @Test func keysOfSeveralColumnsDoNotRunTogether() {
        #expect(JoinIndex.key(["a", "bc"]) != JoinIndex.key(["ab", "c"]))
        #expect(JoinIndex.key(["1:a", "b"]) != JoinIndex.key(["1", "a:b"]))
        #expect(JoinIndex.key(["a"]) == "a")
        #expect(JoinIndex.key(["a", ""]) == nil)
        #expect(JoinIndex.key([""]) == nil)
    }

    @Test func firstRowOfAKeyStays() throws {
        var index = JoinIndex()
        #expect(try index.insert(.init(line: 2, values: ["x"]), key: "k") == nil)
        #expect(try index.insert(.init(line: 3, values: ["y"]), key: "k")?.line == 2)
        #expect(try index["k"]?.values == ["x"])
        #expect(try index["other"] == nil)
    }

    /// A file beyond the memory that a join may take answers the same from its temporary database.
    @Test func largeFilesAreSpilledAndFound() throws {
        var small = JoinIndex(limit: 10_000)
        var large = JoinIndex()
        for number in 0..<25_000 {
            let row = JoinIndex.Row(line: number + 2, values: ["v\(number)", "", "é\n\(number)"])
            #expect(try small.insert(row, key: "k\(number)") == nil)
            #expect(try large.insert(row, key: "k\(number)") == nil)
        }
        #expect(small.isSpilled)
        #expect(!large.isSpilled)
        for number in stride(from: 0, to: 25_000, by: 617) {
            #expect(try small["k\(number)"] == large["k\(number)"])
        }
        #expect(try small.insert(.init(line: 1, values: []), key: "k0")?.line == 2)
        #expect(try small["none"] == nil)
        // Canonically equivalent texts are different keys, in memory and in the database.
        #expect(try small.insert(.init(line: 7, values: ["composed"]), key: "\u{E9}") == nil)
    }
}
