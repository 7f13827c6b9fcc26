import SatchelCore
import Testing

/// Against the standard library's set.
@Suite struct IndexSet256Tests {
    @Test(arguments: 0..<100)
    func itIsASet(seed: Int) {
        var random = SeededRandom(seed: seed)
        let draw = { (random: inout SeededRandom) in
            Set((0..<Int.random(in: 0...60, using: &random)).map { _ in Int.random(in: 0..<256, using: &random) })
        }
        let (a, b) = (draw(&random), draw(&random))
        let (packedA, packedB) = (IndexSet256(a), IndexSet256(b))
        #expect(packedA.members == a.sorted() && packedA.count == a.count && packedA.isEmpty == a.isEmpty)
        #expect(packedA.union(packedB).members == a.union(b).sorted())
        #expect(packedA.intersection(packedB).members == a.intersection(b).sorted())
        #expect(packedA.subtracting(packedB).members == a.subtracting(b).sorted())
        #expect(packedA.isSubset(of: packedB) == a.isSubset(of: b))
        #expect(packedA.intersection(packedB).isSubset(of: packedB))
        #expect((packedA == packedB) == (a == b))
        var grown = packedA
        grown.formUnion(packedB)
        #expect(grown == packedA.union(packedB))
        #expect(IndexSet256(words: packedA.words) == packedA)
    }

    @Test func everyMemberStandsAlone() {
        for index in 0..<IndexSet256.capacity {
            var set = IndexSet256()
            set.insert(index)
            set.insert(index)
            #expect((0..<256).filter(set.contains) == [index] && set.members == [index] && set.count == 1)
            set.remove(index)
            #expect(set.isEmpty)
            set.remove(index)
            #expect(set == IndexSet256())
        }
        #expect(IndexSet256(upTo: 0).isEmpty)
        #expect(IndexSet256(upTo: 256).count == 256)
        #expect(IndexSet256(upTo: 65).members == Array(0..<65))
    }
}
