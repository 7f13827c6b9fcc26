import SatchelCore
import SatchelEngine
import SatchelProtocol

/// What a log row records. The raw values are in the file.
enum LogOperation: Int64, Sendable {
    case insert = 1
    case update = 2
    case delete = 3
}

/// The net effect of the log rows of one row, fed in the order they were written. Pure.
struct RowNet: Sendable {
    /// Whether the row was there before the first of them, and after the last.
    let existedBefore: Bool
    private(set) var exists: Bool
    /// Every field that an update changed.
    private(set) var changed = FieldSet()
    /// Each field's value before the first change to it; after a delete, of every field.
    private(set) var before: [Int: Value] = [:]
    private var wasDeleted = false

    init(first operation: LogOperation) {
        existedBefore = operation != .insert
        exists = existedBefore
    }

    /// - Parameter images: an update's before-images of `changed`, or a delete's of every field.
    mutating func add(_ operation: LogOperation, changed fields: FieldSet, images: (Int) -> Value) {
        exists = operation != .delete
        guard existedBefore else { return }
        switch operation {
        case .insert: break
        case .update, .delete:
            // After a delete every first image is known; what comes later is of the row's next life.
            if !wasDeleted {
                for field in fields.members where before[field] == nil { before[field] = images(field) }
                if operation == .update { changed.formUnion(fields) }
            }
            if operation == .delete { wasDeleted = true }
        }
    }

    /// Nil for no effect.
    var operation: Operation? {
        switch (existedBefore, exists) {
        case (false, false): nil
        case (false, true): .insert
        case (true, false): .delete
        case (true, true): .update
        }
    }

    /// - Parameters:
    ///   - shown: the row's values now, one a field; of a row that is gone, nothing.
    ///   - readable: the fields that are not hidden; a delete names no other.
    func cells(shown: [Value], readable: FieldSet) -> [OpenChange.Cell] {
        switch operation {
        case nil: return []
        case .insert:
            return shown.enumerated().compactMap { field, after in
                after.isNull ? nil : OpenChange.Cell(field: field, before: .null, after: after)
            }
        case .delete:
            return before.sorted { $0.key < $1.key }.compactMap { field, value in
                readable.contains(field) || !value.isNull ? OpenChange.Cell(field: field, before: value, after: .null) : nil
            }
        case .update:
            let fields = wasDeleted ? before.keys.sorted() : changed.members
            return fields.compactMap { field in
                let (was, after) = (before[field] ?? .null, shown[field])
                return wasDeleted && was == after ? nil : OpenChange.Cell(field: field, before: was, after: after)
            }
        }
    }
}
