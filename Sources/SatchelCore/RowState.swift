/// Everything that is merged about one row: whether it is there, and the heads of each of its cells. Registers belong to
/// one incarnation (`Existence.length`); a new one starts them afresh.
public struct RowState: Sendable, Hashable {
    public private(set) var existence: Existence
    /// By field index; a field that no change has named is absent and reads NULL.
    public private(set) var cells: [Int: Register]

    public init(existence: Existence = Existence(), cells: [Int: Register] = [:]) {
        self.existence = existence
        self.cells = cells
    }

    public var isAlive: Bool { existence.isAlive }

    public func value(_ field: Int) -> Value { cells[field]?.shown?.value ?? .null }

    /// Where the cell last changed, its losers included; zero when it was never written.
    public func position(_ field: Int) -> Position {
        cells[field]?.heads.reduce(Position.zero) { max($0, $1.stamp.position) } ?? .zero
    }

    /// Takes in an insert: the row comes to be, or had been seen to be there already.
    /// - Returns: the incarnation that the cells of the same change belong to.
    public mutating func insert(_ stamp: Stamp, past: some CausalPast) -> UInt32 {
        let before = existence.length
        let incarnation = existence.insert(stamp, past: past)
        if existence.length > before { cells = [:] }
        return incarnation
    }

    /// Takes in a delete. The values stay, for history, until the row's next incarnation.
    /// - Returns: whether it took effect or the row was dead already; false when its writer had never seen the row or a
    ///   later incarnation is there.
    public mutating func delete(_ stamp: Stamp, past: some CausalPast) -> Bool {
        let asked = existence.delete(stamp, past: past)
        return asked != 0 && asked == existence.length
    }

    /// Takes in a cell's value, written in an incarnation (see `insert`, or `existence.length(in:)` for an update).
    ///
    /// An edit of the last life of a dead row, made without having seen the delete, still joins the values kept for
    /// history: what is stored is then the same whether the edit or the delete came first.
    /// - Returns: `.superseded` when that incarnation is not the living one: late edits are never leaked into a new life.
    public mutating func admit(
        _ head: Head, field: Int, incarnation: UInt32, past: some CausalPast, kind: MergeKind
    ) -> Admission {
        guard incarnation > 0, incarnation == existence.incarnation else { return .superseded }
        let admission = cells[field, default: Register()].admit(head, past: past, kind: kind)
        return isAlive || admission == .repeated ? admission : .superseded
    }
}
