/// A YAML document as these loaders see it: every node with its line, keys as text, nothing shared and nothing interpreted.
struct YAMLTree {
    enum Kind {
        /// `isPlain`: written without quotes, so that words such as `true` and `null` mean what they say.
        case scalar(String, isPlain: Bool)
        case list([YAMLTree])
        case map([Entry])
    }

    struct Entry {
        let key: String
        let line: Int
        let value: YAMLTree
    }

    let kind: Kind
    let line: Int

    /// Written as nothing, `~` or `null`.
    var isNull: Bool {
        if case .scalar(let text, isPlain: true) = kind { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    /// In words, for messages.
    var shape: String {
        switch kind {
        case .scalar: isNull ? "nothing" : "a single value"
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}
