import SatchelProtocol
import Testing

@testable import SatchelReplica

@Suite struct SyncPersistenceTests {
    private func persistence(_ attempts: Int = 4, patience: Duration = .seconds(10)) -> SyncPersistence {
        SyncPersistence(attempts: attempts, patience: patience)
    }

    private func failure(_ code: ErrorCode, _ action: Failure.Action) -> Failure {
        Failure(code: code, message: "Said.", action: action)
    }

    private func code(_ persistence: inout SyncPersistence, _ error: any Error) -> ErrorCode? {
        do {
            _ = try persistence.step(after: error, jitter: 0)
            return nil
        } catch {
            return (error as? SatchelError)?.code
        }
    }

    @Test func theServersWaitIsObeyedWithinPatience() throws {
        var persistence = persistence()
        guard case .again(let wait) = try persistence.step(after: failure(.busy, .retryAfter(seconds: 4)), jitter: 0.5) else {
            Issue.record("gives up")
            return
        }
        #expect(wait >= .seconds(4) && wait < .seconds(6))
        #expect(code(&persistence, failure(.busy, .retryAfter(seconds: 8))) == .busy)
        #expect(code(&persistence, failure(ErrorCode(rawValue: "new-code"), .retryAfter(seconds: 99))) == .busy)
        #expect(code(&persistence, failure(.shuttingDown, .retryAfter(seconds: 99))) == .shuttingDown)
    }

    @Test func jitterSpreadsTheReturn() throws {
        var one = persistence()
        var other = persistence()
        let asked = failure(.busy, .retryAfter(seconds: 4))
        #expect(try one.step(after: asked, jitter: 0) != other.step(after: asked, jitter: 1))
    }

    @Test func aBrokenConnectionIsTriedSoManyTimes() throws {
        var persistence = persistence(3)
        let cut = SatchelError(.streamTruncated, "Cut.", remedy: "")
        for _ in 0..<2 { _ = try persistence.step(after: cut, jitter: 0) }
        #expect(code(&persistence, cut) == .streamTruncated)
    }

    @Test func aWholePullIsAskedForOnce() throws {
        var persistence = persistence()
        #expect(try persistence.step(after: failure(.foreignCursor, .pullAnew), jitter: 0) == .pull(.anew))
        #expect(code(&persistence, failure(.foreignCursor, .pullAnew)) == .foreignCursor)
        var damaged = self.persistence()
        let missing = SatchelError(.fileDamaged, "A row is missing.", remedy: "")
        #expect(try damaged.step(after: missing, jitter: 0) == .pull(.full))
        #expect(code(&damaged, missing) == .fileDamaged)
    }

    @Test func whatCannotHelpEndsAtOnce() {
        var persistence = persistence()
        #expect(code(&persistence, failure(.replicaRevoked, .enrol)) == .replicaRevoked)
        #expect(code(&persistence, failure(ErrorCode(rawValue: "new-code"), .enrol)) == .replicaRevoked)
        #expect(code(&persistence, failure(.upgradeClient, .upgradeClient)) == .upgradeClient)
        #expect(code(&persistence, failure(.malformed, .giveUp)) == .malformed)
        #expect(code(&persistence, failure(.tokenInvalid, .authenticate)) == .tokenInvalid)
        #expect(code(&persistence, SatchelError(.unreachable, "", remedy: "")) == .unreachable)
    }
}
