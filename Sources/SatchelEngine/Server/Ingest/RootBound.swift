import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// How many roots the rows of one transaction would hang under, counted before any of it lands: a chain of rows that each
/// place themselves carries at its end a root for every link above, and the work of placing it grows with the square.
struct RootBound {
    /// Of rows that are new or move: at least as many roots as they will have, up to one above `Limits.rowRoots`.
    private(set) var counts: [RowKey: Int] = [:]

    func isExceeded(_ key: RowKey) -> Bool { (counts[key] ?? 0) > Limits.rowRoots }

    init(_ drafts: [Judgement.Draft], _ state: IngestState) {
        let saturated = Limits.rowRoots + 1
        var own: [RowKey: Int] = [:]
        var parents: [RowKey: [RowKey]] = [:]
        var children: [RowKey: [RowKey]] = [:]
        for draft in drafts { counts[draft.key] = 0 }
        for draft in drafts {
            let row = state.row(draft.key)
            let scopes = IngestState.ownScopes(draft.table) { draft.value($0, in: row) }
            var sum = scopes.isEmpty && row?.ownRoot == nil ? 0 : 1
            for field in draft.table.partition.compactMap(\.through) {
                let value = draft.value(field, in: row)
                guard let parent = state.schema.target(of: value, table: draft.key.table, field: field), parent != draft.key
                else { continue }
                if counts[parent] != nil {
                    parents[draft.key, default: []].append(parent)
                    children[parent, default: []].append(draft.key)
                } else {
                    sum += state.row(parent)?.currentRoots.count ?? 0
                }
            }
            own[draft.key] = min(sum, saturated)
        }
        counts = own
        var open = own.keys.filter { children[$0] != nil && own[$0] != 0 }
        while let parent = open.popLast() {
            for child in children[parent] ?? [] {
                let sum = (parents[child] ?? []).reduce(own[child] ?? 0) { $0 + (counts[$1] ?? 0) }
                let reached = min(sum, saturated)
                guard reached > counts[child] ?? 0 else { continue }
                counts[child] = reached
                if children[child] != nil { open.append(child) }
            }
        }
    }
}
