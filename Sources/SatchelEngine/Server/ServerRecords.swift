import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// A row by its table's index in the schema and its id.
public struct RowKey: Sendable, Hashable, Comparable {
    public let table: Int
    public let id: RowID

    public init(table: Int, id: RowID) {
        self.table = table
        self.id = id
    }

    public static func < (left: RowKey, right: RowKey) -> Bool { (left.table, left.id) < (right.table, right.id) }
}

/// Names a root within one server. Replicas see it only through `RootCipher`.
public struct RootNumber: Sendable, Hashable, Comparable {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }

    /// The one root of every row that the partition rule `global` places. Its only membership is `global`, from the beginning.
    public static let global = RootNumber(1)
    /// The first that a row may be given.
    public static let firstOfRows = RootNumber(2)

    public static func < (left: RootNumber, right: RootNumber) -> Bool { left.number < right.number }
    public var next: RootNumber { RootNumber(number + 1) }
}

/// That a root is, or was, in a scope. Intervals are kept: a reader at an old position learns what it saw then.
public struct Membership: Sendable, Hashable {
    public var root: RootNumber
    public var scope: Scope
    /// The first position at which it held.
    public var began: Position
    /// The first position at which it no longer held; nil while it holds.
    public var ended: Position?

    public init(root: RootNumber, scope: Scope, began: Position, ended: Position? = nil) {
        self.root = root
        self.scope = scope
        self.began = began
        self.ended = ended
    }

    public func holds(at position: Position) -> Bool {
        began <= position && (ended.map { position < $0 } ?? true)
    }
}

/// That a row hangs, or hung, under a root: one for each interval, keyed by (row, root, began). A row that leaves and comes
/// back has two, so that a reader at an old position knows whether it held the row then.
public struct RootLink: Sendable, Hashable {
    public var root: RootNumber
    public var began: Position
    public var ended: Position?

    public init(root: RootNumber, began: Position, ended: Position? = nil) {
        self.root = root
        self.began = began
        self.ended = ended
    }

    public func holds(at position: Position) -> Bool {
        began <= position && (ended.map { position < $0 } ?? true)
    }
}

/// A row as the server keeps it, dead ones included.
public struct StoredRow: Sendable, Hashable {
    public var key: RowKey
    public var state: RowState
    /// Its own root, if its fields place it.
    public var ownRoot: RootNumber?
    /// Past links included.
    public var links: [RootLink]
    /// The position of its last change of any kind: cells, existence, links.
    public var position: Position

    public init(
        key: RowKey, state: RowState = RowState(), ownRoot: RootNumber? = nil, links: [RootLink] = [], position: Position
    ) {
        self.key = key
        self.state = state
        self.ownRoot = ownRoot
        self.links = links
        self.position = position
    }

    public var currentRoots: [RootNumber] { links.lazy.filter { $0.ended == nil }.map(\.root).sorted() }
}

/// The end of the log.
public struct LogHead: Sendable, Hashable {
    public var epoch: Epoch
    public var position: Position
    /// Of the last entry; 32 zero bytes before the first.
    public var hash: [UInt8]
    /// The greatest stamp admitted so far.
    public var clock: HLC
    public var nextRoot: RootNumber

    public init(epoch: Epoch, position: Position, hash: [UInt8], clock: HLC, nextRoot: RootNumber) {
        self.epoch = epoch
        self.position = position
        self.hash = hash
        self.clock = clock
        self.nextRoot = nextRoot
    }
}

/// How far a replica's transactions are in the log.
public struct AppliedMark: Sendable, Hashable {
    public var counter: UInt64
    public var runningHash: [UInt8]
    /// The stamp of its last transaction: a floor of the next.
    public var time: HLC

    public init(counter: UInt64, runningHash: [UInt8], time: HLC) {
        self.counter = counter
        self.runningHash = runningHash
        self.time = time
    }

    public static let none = AppliedMark(counter: 0, runningHash: RunningHash.start, time: .zero)
}

/// One entry of the log: a transaction as it was received with its verdict, or a change of the rules.
public struct LogEntry: Sendable, Hashable {
    public enum Content: Sendable, Hashable {
        case transaction(SealedTransaction, TransactionVerdict, runningHash: [UInt8])
        case governance([GovernanceChange])
    }

    public var position: Position
    /// Nil for what an administrator did.
    public var replica: ReplicaID?
    /// The author, from the authenticated session.
    public var user: String
    /// The server's wall clock at receipt, milliseconds since 1970.
    public var receivedMilliseconds: UInt64
    /// Fixed at admission.
    public var time: HLC
    /// The greatest stamp in the log up to here: the floor of whatever had seen this position.
    public var clock: HLC
    public var content: Content
    /// Over the previous entry's hash and all of the above (`LogChain`).
    public var hash: [UInt8]

    public init(
        position: Position, replica: ReplicaID?, user: String, receivedMilliseconds: UInt64, time: HLC, clock: HLC,
        content: Content, hash: [UInt8]
    ) {
        self.position = position
        self.replica = replica
        self.user = user
        self.receivedMilliseconds = receivedMilliseconds
        self.time = time
        self.clock = clock
        self.content = content
        self.hash = hash
    }
}

/// A refused change, kept whole until someone with authority applies or discards it (DESIGN §1, "escrow").
public struct RefusalRecord: Sendable, Hashable {
    public enum State: Int, Sendable, Hashable, CaseIterable {
        case outstanding = 1
        case discarded = 2
        case retried = 3
    }

    public var id: RefusalID
    public var position: Position
    public var user: String
    public var time: HLC
    /// The table's name as the writer gave it: it may be one that the schema does not know.
    public var table: String
    public var row: RowID
    public var operation: Operation
    public var seen: Position
    /// The refused cells with what each had seen; empty for a delete.
    public var cells: [CellWrite]
    /// Nil when the whole row change is refused.
    public var field: String?
    public var code: ErrorCode
    public var reason: String
    public var state: State

    public init(
        id: RefusalID, position: Position, user: String, time: HLC, table: String, row: RowID, operation: Operation,
        seen: Position,
        cells: [CellWrite], field: String?, code: ErrorCode, reason: String, state: State = .outstanding
    ) {
        self.id = id
        self.position = position
        self.user = user
        self.time = time
        self.table = table
        self.row = row
        self.operation = operation
        self.seen = seen
        self.cells = cells
        self.field = field
        self.code = code
        self.reason = reason
        self.state = state
    }
}

/// One change of the rules, a fact in the log (DESIGN §7, "Rule changes are versioned facts").
public enum GovernanceChange: Sendable, Hashable {
    case territory(Organisation.Territory)
    case user(Organisation.User)
    case grant(Organisation.Grant)
    case revoke(Organisation.Grant)
}

/// The rules in force at one moment.
public struct Governance: Sendable, Hashable {
    public var schema: Schema
    public var policy: Policy
    public var organisation: Organisation

    public init(schema: Schema, policy: Policy, organisation: Organisation) {
        self.schema = schema
        self.policy = policy
        self.organisation = organisation
    }

    public func access(of user: String) -> Access { organisation.access(of: user, policy: policy) }

    public mutating func apply(_ change: GovernanceChange) {
        switch change {
        case .territory(let territory): organisation.territories[territory.id] = territory
        case .user(let user): organisation.users[user.id] = user
        case .grant(let grant): organisation.grants.insert(grant)
        case .revoke(let grant): organisation.grants.remove(grant)
        }
    }
}
