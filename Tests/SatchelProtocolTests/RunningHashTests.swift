import Crypto
import Foundation
import SatchelCore
import SatchelProtocol
import Testing

/// The vectors of the running hash, by SPEC.md's formula alone: they do not lean on the product's own.
@Suite struct RunningHashTests {
    private struct File: Decodable {
        struct Step: Decodable {
            let counter: String
            let payload: String
            let hash: String
        }
        let steps: [Step]
    }

    @Test func theVectorsFollowTheFormula() throws {
        let file = try JSONDecoder().decode(File.self, from: Repository.data("protocol/vectors/running-hash.json"))
        #expect(file.steps.count > 2)
        var before = [UInt8](repeating: 0, count: Limits.hashBytes)
        for step in file.steps {
            let counter = try #require(UInt64(step.counter))
            let payload = try #require(Hexadecimal.bytes(step.payload))
            var hasher = SHA256()
            hasher.update(data: before)
            hasher.update(data: withUnsafeBytes(of: counter.littleEndian) { Array($0) })
            hasher.update(data: Array(SHA256.hash(data: payload)))
            before = Array(hasher.finalize())
            #expect(Hexadecimal.text(before) == step.hash)
        }
    }

    @Test func refusalsAreNamedByDotAndNumber() throws {
        let refusal = RefusalID(dot: Dot(replica: ReplicaID(0x0012_3456_789A_BCDE), counter: 17), number: 3)
        #expect(refusal.description == "00123456789abcde-17-3")
        #expect(RefusalID(refusal.description) == refusal)
        for text in [
            "", "1-2-3", "00123456789abcde-17", "00123456789abcde-17-0", "00123456789abcde-17-x", "00123456789abcde-17-3-",
        ] {
            #expect(RefusalID(text) == nil, "\(text)")
        }
    }
}
