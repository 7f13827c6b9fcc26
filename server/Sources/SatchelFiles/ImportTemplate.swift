/// What a mapping writes for an id or a field: text with columns between braces, or one column.
public struct ImportTemplate: Sendable, Hashable {
    public enum Part: Sendable, Hashable {
        case text(String)
        case column(String)
    }

    public let parts: [Part]
    /// As it stands in the file.
    public let source: String
    /// From 1.
    public let line: Int

    public var columns: [String] {
        parts.compactMap {
            if case .column(let name) = $0 { return name }
            return nil
        }
    }

    /// Text without a brace names a column; `{{` and `}}` stand for one brace.
    /// - Returns: nil, with the reason, when a brace has no partner or nothing in it.
    static func read(_ source: String, line: Int) -> Result<ImportTemplate, Fault> {
        guard source.contains(where: { $0 == "{" || $0 == "}" }) else {
            return .success(ImportTemplate(parts: [.column(source)], source: source, line: line))
        }
        var reader = Reader(rest: source.unicodeScalars[...])
        do {
            return .success(ImportTemplate(parts: try reader.readAll(), source: source, line: line))
        } catch {
            return .failure(error)
        }
    }

    struct Fault: Error { let message: String }

    private struct Reader {
        var rest: Substring.UnicodeScalarView
        var text = ""
        var parts: [Part] = []

        init(rest: String.UnicodeScalarView.SubSequence) { self.rest = rest }

        mutating func readAll() throws(Fault) -> [Part] {
            while let scalar = rest.popFirst() {
                if scalar == "{" || scalar == "}", rest.first == scalar {
                    rest.removeFirst()
                    text.unicodeScalars.append(scalar)
                } else if scalar == "{" {
                    try column()
                } else if scalar == "}" {
                    throw Fault(message: "has a } without its {")
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
            endText()
            return parts
        }

        private mutating func column() throws(Fault) {
            endText()
            guard let end = rest.firstIndex(of: "}") else { throw Fault(message: "has a { without its }") }
            let name = String(rest[..<end])
            guard !name.isEmpty, !name.contains("{") else { throw Fault(message: "has no column's name between its braces") }
            parts.append(.column(name))
            rest = rest[rest.index(after: end)...]
        }

        private mutating func endText() {
            if !text.isEmpty { parts.append(.text(text)) }
            text = ""
        }
    }
}
