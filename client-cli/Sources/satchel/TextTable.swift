/// Rows in aligned columns, for people.
struct TextTable {
    let headings: [String]
    private var rows: [[String]] = []
    private var numeric: Set<Int> = []

    init(_ headings: [String], numeric: Set<Int> = []) {
        self.headings = headings
        self.numeric = numeric
    }

    mutating func add(_ row: [String]) { rows.append(row.map(Self.printable)) }

    /// - Parameter widest: columns that one cell may take; what is longer ends in an ellipsis. Nil for no limit.
    func text(widest: Int?, heading: (String) -> String = { $0 }) -> String {
        let shown = rows.map { row in row.map { cell in widest.map { Self.cut(cell, to: $0) } ?? cell } }
        var widths = headings.map(Self.width)
        for row in shown {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], Self.width(cell)) }
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - Self.width(cell))
                return numeric.contains(column) ? space + cell : cell + space
            }
            let text = padded.joined(separator: "  ")
            return String(text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)])
        }
        return ([heading(line(headings))] + shown.map(line)).joined(separator: "\n")
    }

    /// What other people wrote must not steer this person's terminal: control characters are spelled out.
    static func printable(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": out += "⏎"
            case "\t": out += " "
            case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}",
                "\u{2066}"..."\u{2069}":
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    static func cut(_ text: String, to widest: Int) -> String {
        guard width(text) > widest else { return text }
        var out = ""
        var columns = 1
        for character in text {
            let next = width(character)
            if columns + next > widest { break }
            out.append(character)
            columns += next
        }
        return out + "…"
    }

    static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// The columns that a terminal gives a character: two for East Asian wide ones and pictures (Unicode, UAX #11).
    private static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation { return 2 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return first.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}
