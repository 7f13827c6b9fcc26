import SatchelCore
import SatchelPolicy
import SatchelProtocol

extension StoredRow {
    /// Where a reader of a root finds this row: at its last change while it hangs there, at its leaving afterwards.
    public func position(under link: RootLink) -> Position { link.ended ?? max(position, link.began) }

    /// Likewise over all its intervals there; nil when it never hung there.
    public func position(under root: RootNumber) -> Position? {
        links.lazy.filter { $0.root == root }.map { self.position(under: $0) }.max()
    }
}

extension Commit {
    /// What every store asks of a commit before it writes any of it: that it goes on exactly where the log ends, that no
    /// replica's counter is left out or taken twice, and that nothing in it names what does not exist. A fault is a bug of ours,
    /// never a client's; the store must then write nothing.
    ///
    /// - Parameter applied: gives the mark that is stored for a replica.
    /// - Throws: `internal-error`.
    public func check(
        after stored: LogHead, schema: Schema, applied mark: (ReplicaID) throws -> AppliedMark
    ) throws {
        try checkHead(after: stored)
        try checkCounters(mark)
        try checkRows(schema)
        for membership in memberships {
            try require(membership.root < head.nextRoot, "a membership names the root \(membership.root.number), not yet given")
            try require(membership.began <= (membership.ended ?? head.position), "a membership ends before it begins")
        }
        for (root, position) in touched {
            try require(root < head.nextRoot, "a touched root \(root.number) was not yet given")
            try require(position <= head.position, "the root \(root.number) was touched beyond the head")
        }
    }

    private func checkHead(after stored: LogHead) throws {
        try require(head.epoch == stored.epoch, "the epoch is another")
        try require(head.nextRoot >= stored.nextRoot, "the next root goes back")
        var position = stored.position
        var clock = stored.clock
        for entry in entries {
            position = position.next
            try require(entry.position == position, "position \(entry.position) stands where \(position) belongs")
            try require(entry.clock >= clock, "the clock goes back at position \(position)")
            try require(entry.hash.count == Limits.hashBytes, "the hash at position \(position) has another length")
            clock = entry.clock
        }
        try require(head.position == position, "the head is at \(head.position), its last entry at \(position)")
        try require(head.clock == clock, "the head's clock is not its last entry's")
        try require(head.hash == entries.last?.hash ?? stored.hash, "the head's hash is not its last entry's")
    }

    private func checkCounters(_ stored: (ReplicaID) throws -> AppliedMark) throws {
        var reached: [ReplicaID: (counter: UInt64, hash: [UInt8])] = [:]
        for entry in entries {
            guard case .transaction(let sealed, let verdict, let runningHash) = entry.content else { continue }
            guard let replica = entry.replica else { throw fault("the transaction at \(entry.position) has no replica") }
            let before = try reached[replica]?.counter ?? max(stored(replica).counter, known(replica))
            try require(
                sealed.counter > 0 && sealed.counter - 1 == before,
                "replica \(replica) goes from \(before) to \(sealed.counter)")
            try require(
                verdict.counter == sealed.counter && verdict.position == entry.position,
                "the verdict at \(entry.position) speaks of another transaction")
            reached[replica] = (sealed.counter, runningHash)
        }
        for (replica, mark) in reached {
            try require(
                applied[replica]?.counter == mark.counter && applied[replica]?.runningHash == mark.hash,
                "the mark of replica \(replica) is not its last transaction's")
        }
        for (replica, mark) in applied where reached[replica] == nil {
            try require(
                max(try stored(replica).counter, known(replica)) == mark.counter,
                "the mark of replica \(replica) moves without a transaction")
        }
        for replica in beginnings.keys {
            try require(
                try stored(replica) == .none && applied[replica] == nil, "replica \(replica) begins where it already is")
        }
    }

    /// How far a replica's chain is known to be in the log under other identities.
    private func known(_ replica: ReplicaID) -> UInt64 { kin[replica]?.values.max() ?? 0 }

    private func checkRows(_ schema: Schema) throws {
        var seen: Set<RowKey> = []
        for row in rows {
            let name = "row \(row.key.id) of table \(row.key.table)"
            try require(seen.insert(row.key).inserted, "\(name) stands in it twice")
            try require(schema.tables.indices.contains(row.key.table), "\(name) is in no table")
            try require(row.position <= head.position, "\(name) changed beyond the head")
            try require(Set(row.currentRoots).count == row.currentRoots.count, "\(name) hangs under one root twice")
            for link in row.links { try require(link.root < head.nextRoot, "\(name) hangs under a root not yet given") }
            if let own = row.ownRoot { try require(own < head.nextRoot, "\(name) has a root not yet given") }
            let fields = schema.tables[row.key.table].fields
            for (field, register) in row.state.cells {
                try require(fields.indices.contains(field), "\(name) has a field \(field)")
                let value = register.shown?.value ?? .null
                try require(
                    fields[field].type.stores(value), "\(name) holds what the type of \(fields[field].name) does not store")
            }
        }
    }

    private func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
        if !condition { throw fault(problem()) }
    }

    private func fault(_ problem: String) -> SatchelError {
        SatchelError(
            .internalError, "A commit was refused, and nothing of it written: \(problem).",
            remedy: "Report this with the server's log; the changes stay on their replicas.")
    }
}

extension FieldType {
    /// Whether a typed column gives this value back unchanged. Narrower checks come earlier (`Field.check`).
    func stores(_ value: Value) -> Bool {
        switch (value, self) {
        case (.null, _): true
        case (.integer, .integer), (.integer, .boolean), (.blob, .blob): true
        case (.real(let number), .real): number.isFinite && !(number == 0 && number.sign == .minus)
        case (.integer, _), (.real, _), (.blob, _): false
        case (.text, .integer), (.text, .boolean), (.text, .real), (.text, .blob): false
        case (.text, _): true
        }
    }
}
