import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The territory tree. Re-drawing it touches no row: who sees what follows from the tree (DESIGN §6).
extension AdminService {
    /// Parents before their children.
    func territories() throws -> [TerritoryReply] {
        let tree = try governance().organisation.territories
        let children = Dictionary(grouping: tree.values) { $0.parent }
        var out: [TerritoryReply] = []
        var open = (children[nil] ?? []).sorted { $0.id > $1.id }
        while let territory = open.popLast() {
            out.append(TerritoryReply(id: territory.id, name: territory.name, parent: territory.parent))
            open += (children[territory.id] ?? []).sorted { $0.id > $1.id }
        }
        return out
    }

    /// - Parameter parent: nil for the root, below which everything comes that names no parent.
    func addTerritory(_ id: String, _ name: String, _ parent: String?) async throws {
        try NameCheck.id(id, "territory")
        try NameCheck.name(name)
        let tree = try governance().organisation.territories
        if tree[id] != nil {
            throw SatchelError(
                .alreadyExists, "There is a territory \(id) already.",
                remedy: "See satcheld territory list, or choose another id.")
        }
        if let parent { _ = try known(territory: parent) }
        let parent = parent ?? tree.values.first { $0.parent == nil }?.id
        try checkDepth(above: parent, below: 1, tree)
        try await host.govern([.territory(Organisation.Territory(id: id, name: name, parent: parent))])
    }

    func moveTerritory(_ id: String, _ parent: String) async throws {
        let tree = try governance().organisation.territories
        var territory = try known(territory: id)
        _ = try known(territory: parent)
        guard !Self.path(parent, tree).contains(id) else {
            throw SatchelError(
                .territoryCycle, "The territory \(id) cannot come under \(parent), which is itself or below it.",
                remedy: "Move \(parent) out of \(id) first, or choose another parent.")
        }
        guard territory.parent != parent else { return }
        try checkDepth(above: parent, below: Self.height(id, tree), tree)
        territory.parent = parent
        try await host.govern([.territory(territory)])
    }

    func known(territory id: String) throws -> Organisation.Territory {
        if let territory = try governance().organisation.territories[id] { return territory }
        throw SatchelError(
            .territoryUnknown, "There is no territory \(quoted(id)).", remedy: "See satcheld territory list, or add it first.")
    }

    private func checkDepth(above parent: String?, below: Int, _ tree: [String: Organisation.Territory]) throws {
        guard let parent, Self.path(parent, tree).count + below > AdminLimits.territoryDepth else { return }
        throw SatchelError(
            .tooLarge, "The tree would be deeper than \(AdminLimits.territoryDepth) levels.", remedy: "Choose a higher parent.")
    }

    /// A territory and its ancestors, upwards.
    private static func path(_ id: String, _ tree: [String: Organisation.Territory]) -> [String] {
        var path = [id]
        while let parent = path.last.flatMap({ tree[$0]?.parent }), path.count <= tree.count { path.append(parent) }
        return path
    }

    /// Levels of a territory's subtree, itself included.
    private static func height(_ id: String, _ tree: [String: Organisation.Territory]) -> Int {
        let children = Dictionary(grouping: tree.values) { $0.parent }
        var level = [id]
        var height = 0
        while !level.isEmpty, height <= tree.count {
            height += 1
            level = level.flatMap { (children[$0] ?? []).map(\.id) }
        }
        return height
    }
}
