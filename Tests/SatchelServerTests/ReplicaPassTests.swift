import SatchelCore
import SatchelProtocol
import Testing

@testable import SatchelServer

struct ReplicaPassTests {
    @Test func oneReplicaHasSoManyAtWorkAndNoOtherIsHeldUpByIt() async throws {
        let passes = ReplicaPasses(maximum: 2)
        let isOver = Waiting<Bool>()
        let arrivals = [Waiting<Bool>(), Waiting<Bool>()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for arrival in arrivals {
                group.addTask {
                    try await passes.withPlace(of: ReplicaID(1)) {
                        arrival.set(true)
                        _ = try await isOver.value(seconds: 20)
                    }
                }
            }
            for arrival in arrivals { _ = try await arrival.value(seconds: 20) }
            await #expect {
                try await passes.withPlace(of: ReplicaID(1)) {}
            } throws: { error in
                guard let failure = error as? Failure, case .retryAfter = failure.action else { return false }
                return failure.code == .busy
            }
            try await passes.withPlace(of: ReplicaID(2)) {}
            isOver.set(true)
            try await group.waitForAll()
        }
        for _ in 0..<5 { try await passes.withPlace(of: ReplicaID(1)) {} }
    }
}
