import SatchelCore
import Testing

@Suite struct HLCTests {
    @Test func readingsAreOrderedByTimeAndThenByTheLogicalPart() {
        let readings = [(0, 0), (0, 1), (0, UInt32.max), (1, 0), (UInt64.max, 0), (.max, .max)].map {
            HLC(milliseconds: $0.0, logical: $0.1)
        }
        #expect(readings.shuffled().sorted() == readings)
        #expect(readings[0] == .zero)
    }

    @Test func theSuccessorIsTheNextReadingOfAll() {
        #expect(HLC(milliseconds: 5, logical: 0).successor == HLC(milliseconds: 5, logical: 1))
        #expect(HLC(milliseconds: 5, logical: .max).successor == HLC(milliseconds: 6, logical: 0))
        // It never goes back: time has a last reading, and stays there.
        let last = HLC(milliseconds: .max, logical: .max)
        #expect(HLC(milliseconds: .max, logical: .max - 1).successor == last)
        #expect(last.successor == last)
    }
}
