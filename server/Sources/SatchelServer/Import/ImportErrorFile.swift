import Foundation
import SatchelProtocol

/// `import-errors.csv`: each row that did not land, one a line, with its file, line, field and reason. Written beside its
/// place and moved there at the end, so that it is always the whole list of one import; without bad rows there is none.
struct ImportErrorFile {
    private let path: String
    private var handle: FileHandle?
    private var seen: Set<Place> = []

    private struct Place: Hashable {
        let file: String
        let line: Int
        let table: String
    }

    private var draftPath: String { path + ".new" }

    init(path: String) { self.path = path }

    /// - Parameters:
    ///   - table: what the record was read into; empty for a record of a joined file.
    ///   - problems: the first one's field is the line's; all reasons are given.
    /// - Returns: false when it is named already, as a record of a file which several entries join.
    mutating func add(file: String, line: Int, table: String, _ problems: [ImportProblem]) throws -> Bool {
        guard seen.insert(Place(file: file, line: line, table: table)).inserted else { return false }
        let reason = problems.enumerated().map { index, problem in
            index > 0 && !problem.field.isEmpty ? "\(problem.field): \(problem.reason)" : problem.reason
        }
        let cells = [file, String(line), problems.first?.field ?? "", reason.joined(separator: "; ")]
        let text = cells.map(Self.escaped).joined(separator: ",") + "\r\n"
        try write(text)
        return true
    }

    /// Puts the list in its place, or removes that of an earlier import.
    mutating func finish() throws {
        if let handle {
            try handle.synchronize()
            try handle.close()
            self.handle = nil
            guard rename(draftPath, path) == 0 else { throw Self.failure(path) }
        } else if unlink(path) != 0, errno != ENOENT {
            throw Self.failure(path)
        }
    }

    private mutating func write(_ text: String) throws {
        if handle == nil {
            let descriptor = open(draftPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Self.failure(path) }
            handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle?.write(contentsOf: Data("file,line,field,reason\r\n".utf8))
        }
        try handle?.write(contentsOf: Data(text.utf8))
    }

    private static func escaped(_ cell: String) -> String {
        guard cell.utf8.contains(where: { [Byte.quote, Byte.comma, Byte.newline, Byte.carriageReturn].contains($0) }) else {
            return cell
        }
        return "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    private static func failure(_ path: String) -> SatchelError {
        SatchelError(
            .dataFolderInvalid, "The list of bad rows \(path) cannot be written: \(String(cString: strerror(errno))).",
            remedy:
                "Make the data folder writable, with space on its disk, and import again: rows that have landed write nothing.")
    }
}
