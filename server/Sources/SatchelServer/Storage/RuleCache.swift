import SatchelCore
import SatchelEngine
import Synchronization

/// The last few moments of the rules that were asked for, each by the position at which it began. What holds from a position
/// of a committed log never changes.
final class RuleCache: Sendable {
    struct Kept: Sendable {
        let began: Position
        let governance: Governance
    }

    /// The present rules, and those that a few replicas still know; with 25,000 territories each takes some megabytes.
    private static let most = 8
    /// The least recently used first.
    private let kept = Mutex<[Kept]>([])

    /// The latest that began at a position or before.
    func latest(through position: Position) -> Kept? {
        kept.withLock { kept in
            let candidates = kept.indices.filter { kept[$0].began <= position }
            guard let place = candidates.max(by: { kept[$0].began < kept[$1].began }) else { return nil }
            let found = kept.remove(at: place)
            kept.append(found)
            return found
        }
    }

    func keep(_ governance: Governance, from began: Position) -> Governance {
        kept.withLock { kept in
            kept.removeAll { $0.began == began }
            kept.append(Kept(began: began, governance: governance))
            guard kept.count > Self.most else { return }
            // Never the newest: every session asks for it.
            let newest = kept.map(\.began).max()
            if let place = kept.firstIndex(where: { $0.began != newest }) { kept.remove(at: place) }
        }
        return governance
    }
}
