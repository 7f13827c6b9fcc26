import Crypto
import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// The hash that chains the log's entries, so that history cannot be rewritten unnoticed.
public enum LogChain {
    public static let start = [UInt8](repeating: 0, count: Limits.hashBytes)

    /// SHA-256 over the previous hash and everything of the entry but its own.
    public static func hash(of entry: LogEntry, after previous: [UInt8]) -> [UInt8] {
        var out = ByteWriter()
        out.raw(previous)
        out.fixed64(entry.position.number)
        out.fixed64(entry.replica?.number ?? 0)
        out.string(Array(entry.user.utf8))
        out.fixed64(entry.receivedMilliseconds)
        for time in [entry.time, entry.clock] {
            out.fixed64(time.milliseconds)
            out.fixed64(UInt64(time.logical))
        }
        switch entry.content {
        case .transaction(let sealed, let verdict, let runningHash):
            out.byte(1)
            out.varint(sealed.counter)
            out.string(sealed.payload)
            out.string(runningHash)
            write(verdict, into: &out)
        case .governance(let changes):
            out.byte(2)
            out.varint(UInt64(changes.count))
            for change in changes { write(change, into: &out) }
        }
        return Array(SHA256.hash(data: out.bytes))
    }

    private static func write(_ verdict: TransactionVerdict, into out: inout ByteWriter) {
        out.byte(verdict.isVoid ? 1 : 0)
        out.varint(UInt64(verdict.exceptions.count))
        for exception in verdict.exceptions {
            out.string(Array(exception.table.utf8))
            out.string(Array(exception.id.text.utf8))
            out.string(Array((exception.field ?? "").utf8))
            switch exception.outcome {
            case .merged: out.byte(1)
            case .superseded: out.byte(2)
            case .refused(let id):
                out.byte(3)
                out.varint(UInt64(id.number))
            }
            out.string(Array(exception.code.rawValue.utf8))
            out.string(Array(exception.reason.utf8))
        }
    }

    private static func write(_ change: GovernanceChange, into out: inout ByteWriter) {
        func texts(_ tag: UInt8, _ texts: [String]) {
            out.byte(tag)
            for text in texts { out.string(Array(text.utf8)) }
        }
        switch change {
        case .territory(let territory): texts(1, [territory.id, territory.name, territory.parent ?? ""])
        case .user(let user): texts(2, [user.id, user.name, user.isDisabled ? "disabled" : ""])
        case .grant(let grant): texts(3, [grant.user, grant.role, grant.scope.description])
        case .revoke(let grant): texts(4, [grant.user, grant.role, grant.scope.description])
        }
    }
}
