import SatchelPolicy
import SatchelProtocol

/// The territories of an organisation file: one tree, whose root is made when the file has none or several.
extension OrganisationReader {
    /// The id of a root that the file does not name, so that an admin can grant roles over everything.
    static let rootID = "organisation"

    private struct Draft {
        let territory: Organisation.Territory
        let line: Int
    }

    mutating func territories(_ entry: YAMLTree.Entry?) -> [Organisation.Territory] {
        var drafts: [Draft] = []
        for item in entry.flatMap({ problems.list($0) }) ?? [] {
            guard let draft = territory(item) else { continue }
            if territoryIDs.insert(draft.territory.id).inserted {
                drafts.append(draft)
            } else {
                problems.add(
                    draft.line, "The territory \(quoted(draft.territory.id)) is there twice.", remedy: "Keep one of them.")
            }
        }
        for draft in drafts {
            if let parent = draft.territory.parent, !territoryIDs.contains(parent) {
                problems.add(
                    draft.line, "The parent \(quoted(parent)) of \(quoted(draft.territory.id)) is not a territory.",
                    remedy: "Name a territory of this file, or leave parent out.", code: .territoryUnknown)
            }
        }
        let depths = depths(drafts)
        let ordered = drafts.enumerated().sorted { (depths[$0.offset], $0.offset) < (depths[$1.offset], $1.offset) }
        return withOneRoot(ordered.map(\.element.territory))
    }

    private mutating func territory(_ item: YAMLTree) -> Draft? {
        guard let keys = problems.keys(of: item, "a territory", ["id", "name", "parent"]),
            let id = id(keys, item.line, "a territory")
        else { return nil }
        let parent = keys["parent"].flatMap { problems.text($0.value, "parent", line: $0.line) }
        return Draft(territory: .init(id: id, name: displayName(keys) ?? id, parent: parent), line: item.line)
    }

    /// How far each is from its root. Circles and trees that are too deep are problems, each told once.
    private mutating func depths(_ drafts: [Draft]) -> [Int] {
        let indexes = Dictionary(drafts.enumerated().map { ($1.territory.id, $0) }, uniquingKeysWith: { first, _ in first })
        var depths: [Int?] = Array(repeating: nil, count: drafts.count)
        for start in drafts.indices {
            var path: [Int] = []
            var onPath: Set<Int> = []
            var at: Int? = start
            while let here = at, depths[here] == nil, onPath.insert(here).inserted {
                path.append(here)
                at = drafts[here].territory.parent.flatMap { indexes[$0] }
            }
            var depth = at.flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            if let end = at, depths[end] == nil, let first = path.firstIndex(of: end) {
                let circle = (path[first...] + [end]).map { drafts[$0].territory.id }.joined(separator: " under ")
                problems.add(
                    drafts[end].line, "The territories lie under each other: \(circle).",
                    remedy: "Leave out the parent of one of them.", code: .territoryCycle)
            }
            for here in path.reversed() {
                depths[here] = depth
                if depth == FileLimits.territoryDepth {
                    problems.add(
                        drafts[here].line, "The tree is deeper than \(FileLimits.territoryDepth) levels here.",
                        remedy: "Make it flatter.", code: .tooLarge)
                }
                depth += 1
            }
        }
        return depths.map { $0 ?? 0 }
    }

    /// COMMANDS.md: "the tree has one root, or gets one".
    private mutating func withOneRoot(_ territories: [Organisation.Territory]) -> [Organisation.Territory] {
        let roots = territories.filter { $0.parent == nil }
        guard roots.count != 1 else { return territories }
        var id = Self.rootID
        while territoryIDs.contains(id) { id += "-root" }
        territoryIDs.insert(id)
        let root = Organisation.Territory(id: id, name: "Organisation", parent: nil)
        return [root]
            + territories.map { territory in
                territory.parent == nil ? .init(id: territory.id, name: territory.name, parent: id) : territory
            }
    }
}
