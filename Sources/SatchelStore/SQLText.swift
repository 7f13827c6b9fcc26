/// Names and literals inside generated SQL. Schema names are checked when a schema arrives; quoting them all the same keeps
/// words such as `order` usable as table names.
enum SQLText {
    static func name(_ text: String) -> String { "\"" + doubled(text, "\"") + "\"" }
    static func literal(_ text: String) -> String { "'" + doubled(text, "'") + "'" }
    static func list(_ names: some Sequence<String>) -> String { names.map(name).joined(separator: ", ") }
    static func marks(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }

    private static func doubled(_ text: String, _ quote: Character) -> String {
        var out = ""
        for character in text {
            out.append(character)
            if character == quote { out.append(quote) }
        }
        return out
    }
}
