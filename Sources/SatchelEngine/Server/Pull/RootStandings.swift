import SatchelCore
import SatchelPolicy

/// What a root means to one reader at the two ends of a pass. Only scopes that the reader holds count in it: what becomes
/// of a root elsewhere must not show.
struct RootStanding {
    /// The number under which the reader knows it.
    let number: UInt64
    /// The scopes that the reader held there then; nil when it saw nothing there.
    let then: Set<Scope>?
    let now: Set<Scope>?
    /// It means something else now than then, and all rows under it are looked at.
    let hasChanged: Bool
}

/// Roots as one reader sees them, with what was asked of the store before.
struct RootStandings {
    let then: Viewpoint?
    let now: Viewpoint
    let rulesChanged: Bool
    private let cipher: RootCipher
    private var known: [RootNumber: RootStanding] = [:]

    /// Roots remembered: a row asks for those that it hangs under, mostly the one just asked for.
    private static let rootsKnown = 50_000

    init(then: Viewpoint?, now: Viewpoint, cipher: RootCipher) {
        self.then = then
        self.now = now
        self.cipher = cipher
        rulesChanged =
            then.map { $0.governance.policy != now.governance.policy || $0.governance.schema != now.governance.schema } ?? true
    }

    /// Whether the user holds in a scope now just what they held then.
    func meansTheSame(_ scope: Scope) -> Bool {
        guard let then, !rulesChanged else { return false }
        if scope == .global, then.access.anywhere != now.access.anywhere { return false }
        return then.access.rolesByScope[scope] == now.access.rolesByScope[scope]
    }

    mutating func standing(of root: RootNumber, _ reader: any ServerReader) throws -> RootStanding {
        if let found = known[root] { return found }
        if known.count >= Self.rootsKnown { known = [:] }
        let memberships = try reader.memberships(of: root)
        let heldNow = held(memberships.lazy.filter { $0.ended == nil }, now)
        let heldThen = then.map { then in held(memberships.lazy.filter { $0.holds(at: then.position) }, then) } ?? []
        let isGlobal = root == .global
        let standing = RootStanding(
            number: cipher.encrypt(root), then: heldThen.isEmpty && !(isGlobal && then != nil) ? nil : heldThen,
            now: heldNow.isEmpty && !isGlobal ? nil : heldNow,
            hasChanged: isGlobal
                ? !meansTheSame(.global) : heldNow != heldThen || !heldNow.allSatisfy { meansTheSame($0) })
        known[root] = standing
        return standing
    }

    private func held(_ memberships: some Sequence<Membership>, _ view: Viewpoint) -> Set<Scope> {
        Set(memberships.lazy.map(\.scope).filter { view.access.rolesByScope[$0] != nil })
    }

    /// In the order of the numbers that the reader knows: their own is that of their making, some of which was hidden.
    func inOrder(_ roots: Set<RootNumber>) -> [RootNumber] {
        roots.map { (root: $0, number: cipher.encrypt($0)) }.sorted { $0.number < $1.number }.map(\.root)
    }
}
