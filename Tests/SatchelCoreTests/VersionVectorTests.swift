import SatchelCore
import Testing

@Suite struct VersionVectorTests {
    private func dot(_ replica: UInt64, _ counter: UInt64) -> Dot { Dot(replica: ReplicaID(replica), counter: counter) }

    private func vectors(_ seed: Int) -> [VersionVector] {
        var random = SeededRandom(seed: seed)
        return (0..<3).map { _ in
            VersionVector(
                Dictionary(uniqueKeysWithValues: (0..<4).map { (ReplicaID($0), UInt64.random(in: 0...3, using: &random)) }))
        }
    }

    @Test func itAdvancesByOneOnly() {
        var vector = VersionVector()
        #expect(vector.advance(to: dot(1, 0)) == false)
        #expect(vector.advance(to: dot(1, 2)) == false)
        #expect(vector == VersionVector())
        #expect(vector.advance(to: dot(1, 1)) == true)
        #expect(vector.advance(to: dot(1, 2)) == true)
        #expect(vector.advance(to: dot(1, 2)) == false)
        #expect(vector.advance(to: dot(1, 1)) == false)
        #expect(vector[ReplicaID(1)] == 2 && vector[ReplicaID(2)] == 0)
        #expect(vector.contains(dot(1, 2)) && !vector.contains(dot(1, 3)) && !vector.contains(dot(2, 1)))
    }

    @Test func itEndsWithoutWrapping() {
        var full = VersionVector([ReplicaID(1): .max])
        #expect(full.advance(to: dot(1, 0)) == false)
        #expect(full.advance(to: dot(1, .max)) == false)
        #expect(full[ReplicaID(1)] == .max)
    }

    @Test(arguments: 0..<100)
    func mergeIsAJoin(seed: Int) {
        let all = vectors(seed)
        let join = { (one: VersionVector, other: VersionVector) in
            var joined = one
            joined.merge(other)
            return joined
        }
        let (a, b, c) = (all[0], all[1], all[2])
        #expect(join(a, b) == join(b, a))
        #expect(join(join(a, b), c) == join(a, join(b, c)))
        #expect(join(a, a) == a && join(a, VersionVector()) == a)
        #expect(join(a, b).dominates(a) && join(a, b).dominates(b))
        // The least such: whatever is above both is above it.
        #expect(!(c.dominates(a) && c.dominates(b)) || c.dominates(join(a, b)))
        #expect(a.dominates(b) == (join(a, b) == a))
        #expect(!(a.dominates(b) && b.dominates(a)) || a == b)
    }

    @Test func zeroIsAbsence() {
        #expect(VersionVector([ReplicaID(1): 0]) == VersionVector())
        #expect(VersionVector([ReplicaID(1): 0]).counters.isEmpty)
        #expect(VersionVector().dominates(VersionVector()))
    }
}
