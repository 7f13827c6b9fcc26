import SatchelCore

/// A partition of rows (DESIGN §1).
public enum Scope: Sendable, Hashable, Comparable, CustomStringConvertible {
    case global
    case territory(String)
    case user(String)

    /// `global`, `territory:T` or `user:U`: the form in stores and logs.
    public var description: String {
        switch self {
        case .global: "global"
        case .territory(let id): "territory:\(id)"
        case .user(let id): "user:\(id)"
        }
    }

    public init?(_ text: String) {
        if text == "global" {
            self = .global
        } else if text.hasPrefix("territory:") {
            self = .territory(String(text.dropFirst("territory:".count)))
        } else if text.hasPrefix("user:") {
            self = .user(String(text.dropFirst("user:".count)))
        } else {
            return nil
        }
    }
}
