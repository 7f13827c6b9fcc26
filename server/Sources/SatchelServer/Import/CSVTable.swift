import Foundation
import SatchelProtocol

/// A CSV file whose first record names its columns.
struct CSVTable {
    struct Row {
        let line: Int
        /// As many as there are columns, unless a problem says otherwise.
        let values: [String]
        let problems: [ImportProblem]
    }

    /// As the mapping names it: what problems call the file.
    let name: String
    let columns: [String]
    private let indexes: [String: Int]
    private var reader: CSVReader

    /// - Throws: `file-invalid` when the file cannot be read, is empty, or its header is not usable.
    init(name: String, path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Self.invalid("The file \(path) cannot be opened.", "Check that it exists and may be read.")
        }
        try self.init(name: name) {
            do {
                return Array(try handle.read(upToCount: CSVLimits.chunkBytes) ?? Data())
            } catch {
                throw Self.invalid("The file \(path) cannot be read.", "Check that it is a file and the disk is sound.")
            }
        }
    }

    init(name: String, source: @escaping () throws -> [UInt8]) throws {
        self.name = name
        reader = CSVReader(source: source)
        guard let header = try reader.next() else {
            throw Self.invalid("The file \(name) is empty.", "Its first line must name the columns.")
        }
        if let fault = header.faults.first {
            throw Self.invalid("The header of \(name) is not valid: \(fault.reason).", "Correct its first line.")
        }
        columns = header.fields
        var indexes: [String: Int] = [:]
        for (index, column) in columns.enumerated() where indexes.updateValue(index, forKey: column) != nil {
            throw Self.invalid("The file \(name) has two columns named \(quoted(column)).", "Rename one of them.")
        }
        self.indexes = indexes
    }

    func index(of column: String) -> Int? { indexes[column] }

    mutating func next() throws -> Row? {
        guard let record = try reader.next() else { return nil }
        var problems = record.faults.map { fault in
            ImportProblem(field: fault.field < columns.count ? columns[fault.field] : "", reason: fault.reason)
        }
        if record.fields.count != columns.count, problems.isEmpty {
            problems.append(
                ImportProblem(field: "", reason: "the record has \(record.fields.count) fields and the header \(columns.count)")
            )
        }
        return Row(line: record.line, values: record.fields, problems: problems)
    }

    private static func invalid(_ message: String, _ remedy: String) -> SatchelError {
        SatchelError(.fileInvalid, message, remedy: remedy)
    }
}

/// What was read, for a message: in quotes, cut to a length that fits a line.
func quoted(_ text: String) -> String {
    let clean = String(String.UnicodeScalarView(text.unicodeScalars.prefix(60).map { $0.value < 0x20 ? " " : $0 }))
    return "`\(clean)\(text.unicodeScalars.count > 60 ? "…" : "")`"
}
