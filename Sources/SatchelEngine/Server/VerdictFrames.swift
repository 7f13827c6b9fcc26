import SatchelProtocol

extension [TransactionVerdict] {
    /// In order, in groups that each fit a frame: one transaction's verdicts always do (`Limits.transactionCells`), many
    /// together need not. An empty list is one empty group.
    public func framed() -> [[TransactionVerdict]] {
        var groups: [[TransactionVerdict]] = [[]]
        var exceptions = 0
        for verdict in self {
            let isFull = exceptions + verdict.exceptions.count > Limits.frameExceptions
            if isFull, groups[groups.count - 1].isEmpty == false {
                groups.append([])
                exceptions = 0
            }
            groups[groups.count - 1].append(verdict)
            exceptions += verdict.exceptions.count
        }
        return groups
    }
}
