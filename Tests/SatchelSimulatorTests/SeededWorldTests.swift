import SatchelSimulator
import Testing

/// Production engine, memory store, a network that cuts, repeats, loses and reorders, rules that change: when it heals,
/// everyone converges and nothing is lost.
@Suite struct SeededWorldTests {
    @Test(arguments: 0..<10) func convergesWithoutLoss(decade: UInt64) throws {
        for seed in decade * 40..<(decade + 1) * 40 {
            var world = World(seed: seed)
            try world.run(steps: 120)
        }
    }

    @Test func fiveReplicasOverLongHistories() throws {
        for seed: UInt64 in 10_000..<10_010 {
            var world = World(seed: seed, replicas: 5)
            try world.run(steps: 500)
        }
    }
}
