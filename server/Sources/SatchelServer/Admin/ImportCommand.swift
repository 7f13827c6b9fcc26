import SatchelFiles
import SatchelProtocol

/// `satcheld import`: reads the files here, and sends the rows to wherever the store is.
public struct ImportCommand: Sendable {
    private let folder: DataFolder
    private let mapping: String
    private let files: String

    /// - Parameters:
    ///   - mapping: the path of `import.yaml`.
    ///   - files: the folder of the CSV files.
    public init(_ folder: DataFolder, mapping: String, files: String) {
        self.folder = folder
        self.mapping = mapping
        self.files = files
    }

    /// - Parameters:
    ///   - progress: called now and then with a line for a person.
    ///   - warning: called once, at the end, if rows landed that nobody sees.
    /// - Throws: `SatchelError`; for the mapping its message names every problem, one a line.
    public func run(
        through gateway: AdminGateway, progress: @escaping (String) -> Void, warning: (String) -> Void
    ) async throws -> ImportSummary {
        do {
            let mapping = try ImportMappingFile.load(path: mapping)
            var importer = try await Importer(
                mapping, folder: files, errorPath: folder.importErrorPath, sink: gateway, progress: progress)
            let summary = try await importer.run()
            if let text = importer.warning { warning(text) }
            return summary
        } catch let problems as FileProblems {
            throw problems.satchelError
        }
    }
}
