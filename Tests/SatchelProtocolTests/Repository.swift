import Foundation
import Testing

/// Files of the repository that tests read.
enum Repository {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

    static func data(_ path: String) throws -> Data { try Data(contentsOf: root.appending(path: path)) }

    static func text(_ path: String) throws -> String {
        try #require(String(validating: try data(path), as: UTF8.self))
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root.appending(path: path).path) }

    /// Names in a folder, ascending by bytes.
    static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The cells of a Markdown table's rows whose first cell is in backquotes or a number, trimmed.
    static func tableRows(_ path: String) throws -> [[String]] {
        try text(path).split(separator: "\n").filter { $0.hasPrefix("| ") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
