import SatchelCore
import SatchelPolicy
import SatchelProtocol

extension OpenChange {
    /// Near enough for limits.
    var approximateBytes: Int { cells.reduce(key.id.text.utf8.count + 16) { $0 + $1.after.approximateBytes + 4 } }

    /// A row written by more than one transaction takes, as that many changes: one after another, each in a transaction of its
    /// own. What a new row cannot be without goes first.
    func parts(_ table: Table) -> [OpenChange] {
        // Room for the framing, and for two greatest values that belong together.
        let most = Limits.transactionBytes - Limits.valueBytes / 2
        guard operation != .delete, approximateBytes > most else { return [self] }
        let needed = Set(table.fields.indices.filter { table.fields[$0].isRequired || table.placing.contains($0) })
        var parts = [OpenChange(key: key, operation: operation, cells: [])]
        var bytes = 0
        for cell in cells.filter({ needed.contains($0.field) }) + cells.filter({ !needed.contains($0.field) }) {
            let size = cell.after.approximateBytes + 4
            if bytes + size > most, bytes > 0 {
                parts.append(OpenChange(key: key, operation: .update, cells: []))
                bytes = 0
            }
            parts[parts.count - 1].cells.append(cell)
            bytes += size
        }
        return parts
    }
}
