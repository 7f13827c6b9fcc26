import GRDB
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// Takes what the triggers logged in one table: nets it, checks what plain SQL could not check, and clears it.
struct OpenLog {
    let connection: SQLiteConnection
    let names: TableNames
    /// Called before the first shown row is put right, so that no trigger takes that for a local change.
    let beginApplying: () throws -> Void
    /// The fields of a row that are not hidden.
    let readable: (RowID) throws -> FieldSet
    let refuse: (LocalFault) throws -> Void

    /// A change, or one cell of it, that never leaves this device.
    struct LocalFault {
        var row: RowID
        var operation: Operation
        /// Nil for the whole row.
        var field: String?
        var cells: [CellWrite]
        var code: ErrorCode
        var reason: String
    }

    var isEmpty: Bool {
        get throws { try connection.exists("SELECT 1 FROM \(names.log)") == false }
    }

    /// The net changes of at most so many rows, in the order in which the rows were first touched.
    func take(limit: Int) throws -> [OpenChange] {
        let (order, nets, last) = try read(limit: limit)
        try clear(through: last, also: order)
        var changes: [OpenChange] = []
        for text in order {
            guard let net = nets[text], let operation = net.operation, let id = RowID(text) else { continue }
            if operation == .insert {
                try connection.run("UPDATE \(names.made) SET \"open\" = 0 WHERE \"id\" = ? AND \"open\"", [.text(text)])
            }
            if let change = try settle(id, net, operation) { changes.append(change) }
        }
        return changes
    }

    // MARK: Reading

    /// - Returns: the ids, their nets, and the last log row read in sequence.
    private func read(limit: Int) throws -> (order: [String], nets: [String: RowNet], last: Int64) {
        var order: [String] = []
        var nets: [String: RowNet] = [:]
        var last: Int64 = 0
        var isCut = false
        let statement = try connection.prepare("SELECT \(columns) FROM \(names.log) ORDER BY \"seq\"")
        defer { statement.reset() }
        while try statement.step() {
            let id = statement.text(2)
            if nets[id] == nil {
                if order.count == limit {
                    isCut = true
                    break
                }
                order.append(id)
            }
            last = statement.integer(0)
            try add(statement, id, to: &nets)
        }
        statement.reset()
        if isCut { try readRest(of: order, after: last, into: &nets) }
        return (order, nets, last)
    }

    /// Later log rows of the same rows belong to their net, since only the last value is still there to be read.
    private func readRest(of order: [String], after last: Int64, into nets: inout [String: RowNet]) throws {
        try choose(order)
        let statement = try connection.prepare(
            "SELECT \(columns) FROM \(names.log) WHERE \"seq\" > ? AND \"id\" IN (SELECT \"id\" FROM temp.\"_satchel_chosen\") ORDER BY \"seq\""
        )
        defer { statement.reset() }
        try statement.bind(last, at: 1)
        while try statement.step() { try add(statement, statement.text(2), to: &nets) }
    }

    private func choose(_ ids: [String]) throws {
        try connection.run("CREATE TEMP TABLE IF NOT EXISTS \"_satchel_chosen\" (\"id\" TEXT PRIMARY KEY) WITHOUT ROWID")
        try connection.run("DELETE FROM temp.\"_satchel_chosen\"")
        for id in ids { try connection.run("INSERT INTO temp.\"_satchel_chosen\" VALUES (?)", [.text(id)]) }
    }

    private var columns: String { SQLText.list(["seq", "op", "id", "c0", "c1", "c2", "c3"] + names.images) }
    private static let firstImage = 7

    private func add(_ statement: Prepared, _ id: String, to nets: inout [String: RowNet]) throws {
        guard let operation = LogOperation(rawValue: statement.integer(1)) else {
            throw SatchelError(
                .fileDamaged, "The list of local changes holds an unknown operation.", remedy: "Enrol again with a new file.")
        }
        var fields = names.table.all
        if operation == .update {
            let words = (0..<4).map { UInt64(bitPattern: statement.integer(3 + $0)) }
            fields = FieldSet(words: SIMD4(words[0], words[1], words[2], words[3])).intersection(fields)
        }
        nets[id, default: RowNet(first: operation)].add(operation, changed: fields) { statement.value(Self.firstImage + $0) }
    }

    private func clear(through last: Int64, also ids: [String]) throws {
        if try connection.exists("SELECT 1 FROM \(names.log) WHERE \"seq\" > ?", [.integer(last)]) {
            // Only a cut leaves anything, and it left its list of ids.
            try connection.run(
                "DELETE FROM \(names.log) WHERE \"seq\" > ? AND \"id\" IN (SELECT \"id\" FROM temp.\"_satchel_chosen\")",
                [.integer(last)])
            try connection.run("DELETE FROM \(names.log) WHERE \"seq\" <= ?", [.integer(last)])
        } else {
            try connection.run("DELETE FROM \(names.log)")
        }
    }

    // MARK: Checking

    private func settle(_ id: RowID, _ net: RowNet, _ operation: Operation) throws -> OpenChange? {
        if operation == .delete {
            return OpenChange(
                key: RowKey(table: names.index, id: id), operation: .delete,
                cells: net.cells(shown: [], readable: try readable(id)))
        }
        // A row that vanished without a delete has nothing to say; a full run brings it back.
        guard let shown = try row(id) else { return nil }
        var values = shown.map(\.mended)
        var putBack = FieldSet()
        for cell in net.cells(shown: values, readable: names.table.all) {
            guard let fault = try fault(shown[cell.field], cell.field, id, &values) else { continue }
            let field = names.table.fields[cell.field]
            if operation == .insert, field.isRequired { return try refuseRow(id, shown, fault) }
            let bad = CellWrite(field: field.name, value: shown[cell.field].kept)
            values[cell.field] = cell.before
            putBack.insert(cell.field)
            try show(cell.before, field, id)
            try refuse(
                LocalFault(
                    row: id, operation: operation, field: field.name, cells: [bad], code: fault.code, reason: fault.reason))
        }
        let cells = net.cells(shown: values, readable: names.table.all).filter { !putBack.contains($0.field) }
        if operation == .update, cells.isEmpty { return nil }
        return OpenChange(key: RowKey(table: names.index, id: id), operation: operation, cells: cells)
    }

    /// Brings a value to its canonical form, in the shown row too.
    /// - Returns: why it may not stand, or nil.
    private func fault(_ cell: ReadCell, _ index: Int, _ id: RowID, _ values: inout [Value]) throws -> (
        code: ErrorCode, reason: String
    )? {
        let field = names.table.fields[index]
        guard case .value(let written) = cell else {
            return (.invalidText, "\(field.name) holds text that is not valid UTF-8.")
        }
        let value = field.normalised(written)
        if let fault = field.check(value, valueBytes: Limits.valueBytes) {
            return (ErrorCode(rawValue: fault.code), fault.message)
        }
        if value != written {
            values[index] = value
            try show(value, field, id)
        }
        return nil
    }

    /// A new row that cannot stand without the bad value: it goes, and all that was written of it is kept.
    private func refuseRow(_ id: RowID, _ shown: [ReadCell], _ fault: (code: ErrorCode, reason: String)) throws -> OpenChange? {
        let cells = shown.enumerated().compactMap { index, cell in
            cell == .value(.null) ? nil : CellWrite(field: names.table.fields[index].name, value: cell.kept)
        }
        try beginApplying()
        try connection.run("DELETE FROM \(names.shown) WHERE \"id\" = ?", [.text(id)])
        try connection.run("DELETE FROM \(names.made) WHERE \"id\" = ?", [.text(id)])
        connection.touched.insert(names.table.name)
        try refuse(LocalFault(row: id, operation: .insert, field: nil, cells: cells, code: fault.code, reason: fault.reason))
        return nil
    }

    private func show(_ value: Value, _ field: Field, _ id: RowID) throws {
        try beginApplying()
        try connection.run("UPDATE \(names.shown) SET \(SQLText.name(field.name)) = ? WHERE \"id\" = ?", [value, .text(id)])
        connection.touched.insert(names.table.name)
    }

    private func row(_ id: RowID) throws -> [ReadCell]? {
        let columns = names.fieldNames.isEmpty ? "NULL" : SQLText.list(names.fieldNames)
        return try connection.first("SELECT \(columns) FROM \(names.shown) WHERE \"id\" = ?", [.text(id)]) { statement in
            names.table.fields.indices.map { statement.cell($0) }
        }
    }
}

extension ReadCell {
    /// The value as a refusal keeps it: broken text as its bytes.
    fileprivate var kept: Value {
        switch self {
        case .value(let value): value
        case .invalidText(let bytes): .blob(bytes)
        }
    }
}
