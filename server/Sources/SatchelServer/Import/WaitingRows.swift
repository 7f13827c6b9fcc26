/// Rows whose references named nothing when they came, until the last file is read.
///
/// They are then landed targets first, and those that refer to each other in a circle together: the strongly connected
/// components of what waits for what, in the order in which Tarjan's algorithm finds them ("Depth-First Search and Linear
/// Graph Algorithms", 1972), which is that of a topological sort from the targets on.
struct WaitingRows {
    private struct Waiting {
        let row: ImportRow
        let targets: [ImportRow.Key]
    }

    /// The first version of each row; later versions come after everything else, in their order.
    private var first: [Waiting] = []
    private var later: [ImportRow] = []
    private var places: [ImportRow.Key: Int] = [:]

    var count: Int { first.count + later.count }

    func contains(_ key: ImportRow.Key) -> Bool { places[key] != nil }

    mutating func add(_ row: ImportRow, for targets: [ImportTarget]) {
        guard places[row.key] == nil else { return later.append(row) }
        places[row.key] = first.count
        first.append(Waiting(row: row, targets: targets.map { ImportRow.Key(table: $0.table, id: $0.id) }))
    }

    /// - Returns: groups that must land together, targets before what refers to them. One larger than a batch may be is cut;
    ///   its rows will be found bad.
    func inOrder() -> [[ImportRow]] {
        var components = Components(edges: first.map { $0.targets.compactMap { places[$0] } })
        let circles = components.find().flatMap { component in
            stride(from: 0, to: component.count, by: ImportLimits.circleRows).map { start in
                component[start..<min(start + ImportLimits.circleRows, component.count)].map { first[$0].row }
            }
        }
        return circles + later.map { [$0] }
    }
}

/// Strongly connected components, without recursion: chains of references may be as long as a file.
private struct Components {
    let edges: [[Int]]
    private var order: [Int]
    private var low: [Int]
    private var isOpen: [Bool]
    private var stack: [Int] = []
    private var count = 0
    private var found: [[Int]] = []

    init(edges: [[Int]]) {
        self.edges = edges
        order = Array(repeating: -1, count: edges.count)
        low = order
        isOpen = Array(repeating: false, count: edges.count)
    }

    mutating func find() -> [[Int]] {
        for start in edges.indices where order[start] < 0 { visit(start) }
        return found
    }

    private mutating func visit(_ start: Int) {
        var path: [(node: Int, edge: Int)] = [(start, 0)]
        enter(start)
        while let (node, edge) = path.last {
            if edge < edges[node].count {
                path[path.count - 1].edge += 1
                let next = edges[node][edge]
                if order[next] < 0 {
                    enter(next)
                    path.append((next, 0))
                } else if isOpen[next] {
                    low[node] = min(low[node], order[next])
                }
            } else {
                path.removeLast()
                if let parent = path.last { low[parent.node] = min(low[parent.node], low[node]) }
                if low[node] == order[node] { close(node) }
            }
        }
    }

    private mutating func enter(_ node: Int) {
        order[node] = count
        low[node] = count
        count += 1
        stack.append(node)
        isOpen[node] = true
    }

    private mutating func close(_ root: Int) {
        var component: [Int] = []
        while let node = stack.popLast() {
            isOpen[node] = false
            component.append(node)
            if node == root { break }
        }
        found.append(component)
    }
}
