import SatchelProtocol

/// One thing that is wrong with a file an admin or developer wrote: where, what, and what to do.
public struct FileProblem: Sendable, Hashable, CustomStringConvertible {
    /// The file's name as the caller gave it.
    public let file: String
    /// From 1.
    public let line: Int
    public let code: ErrorCode
    /// One sentence.
    public let message: String
    /// One sentence.
    public let remedy: String

    public init(file: String, line: Int, code: ErrorCode, message: String, remedy: String) {
        self.file = file
        self.line = line
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// `schema.yaml:12: message remedy`
    public var description: String { "\(file):\(line): \(message) \(remedy)" }
}

/// Everything that is wrong with one file, in the order of its lines. Faults of the YAML itself (and a key written twice)
/// come alone, since nothing after them can be read with any certainty.
public struct FileProblems: Error, Sendable, CustomStringConvertible {
    public let problems: [FileProblem]

    public init(_ problems: [FileProblem]) { self.problems = problems }

    /// One problem a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }

    /// The same as the error that public interfaces throw. Its code is that of the problems when they agree, else `file-invalid`.
    public var satchelError: SatchelError {
        guard let first = problems.first, problems.count > 1 else {
            let only = problems.first
            return SatchelError(
                only?.code ?? .fileInvalid, only.map { "\($0.file):\($0.line): \($0.message)" } ?? "The file is not valid.",
                remedy: only?.remedy ?? "Correct it and try again.")
        }
        let code = problems.allSatisfy { $0.code == first.code } ? first.code : .fileInvalid
        return SatchelError(code, description, remedy: "Correct these lines and try again; nothing was changed.")
    }
}

/// Collects the problems of one file while it is read.
struct ProblemList {
    /// Enough to work through in one go; a file of the wrong kind altogether would give thousands.
    static let most = 100

    let file: String
    private var found: [FileProblem] = []

    init(file: String) { self.file = file }

    var isEmpty: Bool { found.isEmpty }

    mutating func add(_ line: Int, _ message: String, remedy: String, code: ErrorCode = .fileInvalid) {
        found.append(FileProblem(file: file, line: line, code: code, message: message, remedy: remedy))
    }

    mutating func notBuilt(_ line: Int, _ what: String) {
        add(line, "\(what) is not built yet.", remedy: "Leave it out for this version of Satchel.", code: .notBuiltYet)
    }

    func throwIfAny() throws(FileProblems) {
        guard !found.isEmpty else { return }
        let ordered = found.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        var out = Array(ordered.prefix(Self.most))
        if ordered.count > Self.most {
            out.append(
                FileProblem(
                    file: file, line: ordered[Self.most].line, code: .fileInvalid,
                    message: "There are \(ordered.count - Self.most) more problems from here on.",
                    remedy: "Correct those above first."))
        }
        throw FileProblems(out)
    }
}
