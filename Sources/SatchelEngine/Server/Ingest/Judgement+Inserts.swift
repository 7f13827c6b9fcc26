import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// Which new rows of a transaction may come to be.
extension Judgement {
    /// New rows may lean on each other: all are taken as good, and those that cannot stand fall until the rest does. What is
    /// placed through a row that falls falls with it at once, so that a long chain takes two rounds and not one for each link.
    mutating func settleInserts(_ state: IngestState) {
        let order = inserts.keys.sorted()
        let placedThrough = newRowsByParent(state)
        var settled = false
        while !settled {
            settled = true
            newScopes = scopesOfInserts(state)
            var fallen: [RowKey] = []
            for key in order {
                guard var draft = inserts[key] else { continue }
                let fault = judgeInsert(&draft, state)
                inserts[key] = fault == nil ? draft : nil
                if let fault {
                    refuse(draft.change, fault.code, fault.reason)
                    fallen.append(key)
                    settled = false
                }
            }
            while let parent = fallen.popLast() {
                for child in placedThrough[parent] ?? [] {
                    guard let draft = inserts.removeValue(forKey: child.key) else { continue }
                    refuse(draft.change, .referenceNotVisible, Self.unseenReference(draft.table.name, child.field))
                    fallen.append(child.key)
                }
            }
        }
    }

    private func newRowsByParent(_ state: IngestState) -> [RowKey: [(key: RowKey, field: String)]] {
        var children: [RowKey: [(key: RowKey, field: String)]] = [:]
        for (key, draft) in inserts {
            for (parent, field) in parents(of: draft, state) where inserts[parent] != nil {
                children[parent, default: []].append((key, draft.table.fields[field].name))
            }
        }
        return children
    }

    private func parents(of draft: Draft, _ state: IngestState) -> [(key: RowKey, field: Int)] {
        draft.table.partition.compactMap(\.through).compactMap { field in
            state.schema.target(of: draft.value(field, in: nil), table: draft.key.table, field: field).map { ($0, field) }
        }
    }

    private mutating func judgeInsert(_ draft: inout Draft, _ state: IngestState) -> (code: ErrorCode, reason: String)? {
        let name = draft.table.name
        for (field, cell) in draft.cells.sorted(by: { $0.key < $1.key }) where !isReferenceGood(cell, field, draft, state) {
            if draft.table.fields[field].isRequired || draft.table.placing.contains(field) {
                return (.referenceNotVisible, Self.unseenReference(name, cell.field))
            }
            refuseReference(cell, in: &draft, field)
        }
        if rootBound?.isExceeded(draft.key) == true { return (.tooLarge, Self.tooManyRoots) }
        var scopes = newScopes[draft.key] ?? []
        if let row = state.row(draft.key) { scopes.formUnion(state.scopes(of: row)) }
        guard !scopes.isEmpty || draft.table.isOnlyGlobal || authorisation.isEverything else {
            return (.noScope, "Nothing places this row: set one of \(draft.table.placingNames).")
        }
        let rights = authorisation.rights(table: draft.key.table, draft.table, scopes: scopes)
        guard rights.create else {
            return (.createNotPermitted, "Your role may not create rows of \(name) there.")
        }
        let settable = rights.settableAtCreation(in: draft.table)
        for (field, cell) in draft.cells where !settable.contains(field) && !cell.value.isNull {
            refuse(draft.change, cell: cell, .fieldNotSettable, "Your role may not set \(name).\(cell.field) when creating.")
            draft.cells[field] = nil
        }
        for (index, field) in draft.table.fields.enumerated() where field.isRequired {
            if draft.value(index, in: nil).isNull {
                return (.requiredFieldMissing, "\(name).\(field.name) must have a value.")
            }
        }
        return nil
    }

    /// The scopes that new rows will be in: by their own fields, and by the parents they name, new ones included. The least
    /// fixpoint, each row taken up again only when a parent of it gained something.
    private func scopesOfInserts(_ state: IngestState) -> [RowKey: Set<Scope>] {
        var scopes: [RowKey: Set<Scope>] = [:]
        var children: [RowKey: [RowKey]] = [:]
        for (key, draft) in inserts {
            var own = IngestState.ownScopes(draft.table) { draft.value($0, in: nil) }
            for (parent, _) in parents(of: draft, state) {
                if inserts[parent] != nil {
                    children[parent, default: []].append(key)
                } else if let row = state.row(parent) {
                    own.formUnion(state.scopes(of: row))
                }
            }
            scopes[key] = own
        }
        var open = inserts.keys.filter { scopes[$0]?.isEmpty == false && children[$0] != nil }
        while let parent = open.popLast() {
            let inherited = scopes[parent] ?? []
            for child in children[parent] ?? [] {
                let before = scopes[child] ?? []
                guard !inherited.isSubset(of: before) else { continue }
                scopes[child] = before.union(inherited)
                if children[child] != nil { open.append(child) }
            }
        }
        return scopes
    }
}
