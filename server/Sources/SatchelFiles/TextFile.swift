import Foundation
import SatchelProtocol

/// Reads a whole file, but never more of it than is allowed.
enum TextFile {
    static func bytes(path: String, most: Int) throws(FileProblems) -> [UInt8] {
        func problem(_ message: String, _ remedy: String) -> FileProblems {
            FileProblems([FileProblem(file: name(path), line: 1, code: .fileInvalid, message: message, remedy: remedy)])
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw problem("The file \(path) cannot be opened.", "Check that it exists and may be read.")
        }
        defer { try? handle.close() }
        do {
            return Array(try handle.read(upToCount: most + 1) ?? Data())
        } catch {
            throw problem("The file \(path) cannot be read.", "Check that it is a file and may be read.")
        }
    }

    /// What problems call the file: its last component.
    static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
