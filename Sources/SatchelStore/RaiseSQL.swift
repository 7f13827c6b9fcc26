import SatchelProtocol

/// A refusal that a trigger can raise: when the condition holds, with the code that the server would give.
///
/// The message is one literal, since SQLite's RAISE takes nothing else: `satchel:CODE:PLACE: sentence`.
/// `SatchelError.init(_ error: DatabaseError)` takes it apart again.
struct RaiseSQL {
    let condition: String
    let code: ErrorCode
    let message: String

    /// - Parameter place: `table` or `table.field`.
    init(when condition: String, _ code: ErrorCode, at place: String, _ sentence: String) {
        self.condition = condition
        self.code = code
        message = "\(Self.prefix)\(code):\(place): \(sentence)"
    }

    static let prefix = "satchel:"

    var raise: String { "RAISE(ABORT, \(SQLText.literal(message)))" }

    /// `CASE WHEN … THEN RAISE(…) … END` for the first that holds; nil for none.
    static func firstOf(_ refusals: [RaiseSQL]) -> String? {
        refusals.isEmpty
            ? nil : "CASE " + refusals.map { "WHEN \($0.condition) THEN \($0.raise)" }.joined(separator: " ") + " END"
    }
}
