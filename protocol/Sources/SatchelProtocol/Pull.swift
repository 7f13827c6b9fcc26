import SatchelCore

/// The body of a pull request.
public struct PullOpen: Sendable, Hashable {
    public var wireVersion: Int
    public var commitment: Commitment
    /// The version of the schema that the replica's tables are made from; nil before the first.
    public var schemaVersion: Int?
    /// Stay open and send changes as they commit.
    public var isLive: Bool
    /// Send everything anew, as to an empty replica; for `verify` and repair. The commitment stands all the same.
    public var isFull: Bool

    public init(
        wireVersion: Int = Limits.wireVersion, commitment: Commitment, schemaVersion: Int?, isLive: Bool, isFull: Bool = false
    ) {
        self.wireVersion = wireVersion
        self.commitment = commitment
        self.schemaVersion = schemaVersion
        self.isLive = isLive
        self.isFull = isFull
    }
}

/// From server to client on a pull. Everything up to a checkpoint is applied together or not at all.
public enum PullFrame: Sendable, Hashable {
    case begin(PullBegin)
    /// The tables, before anything that names them. Sent when the client's version is not the server's.
    case schema(SchemaDescription)
    case mask(MaskDefinition)
    case places(Places)
    case rows(RowBatch)
    case left(RowsLeft)
    case rootsLeft(RootsLeft)
    case conflicts(ConflictBatch)
    case verdicts([TransactionVerdict])
    case checkpoint(Checkpoint)
    /// Nothing happened; the connection is alive.
    case heartbeat
    case failed(Failure)
}

/// Opens the run of frames up to the next checkpoint.
public struct PullBegin: Sendable, Hashable {
    /// What follows is the difference from here; zero means the whole of what the user may see, and whatever the replica
    /// holds beyond it is to go.
    public var from: Position
    public var to: Position
    /// For progress; an estimate, of rows that this user will receive. Zero when unknown.
    public var expectedRows: UInt64

    public init(from: Position, to: Position, expectedRows: UInt64) {
        self.from = from
        self.to = to
        self.expectedRows = expectedRows
    }
}

/// One set of rights, numbered within one run of frames up to a checkpoint; row batches and places refer to it. A replica
/// keeps its own numbers, by content.
public struct MaskDefinition: Sendable, Hashable {
    public struct TableRights: Sendable, Hashable {
        public var table: String
        public var read: [String]
        public var write: [String]
        public var delete: Bool
        /// Whether rows may be created where this mask holds, and with which fields.
        public var create: Bool
        public var settable: [String]

        public init(table: String, read: [String], write: [String], delete: Bool, create: Bool, settable: [String]) {
            self.table = table
            self.read = read
            self.write = write
            self.delete = delete
            self.create = create
            self.settable = settable
        }
    }

    public var number: UInt32
    /// The user's own roles behind it, for explanation; sorted.
    public var roles: [String]
    /// Tables without any right are absent; in the schema's order.
    public var tables: [TableRights]

    public init(number: UInt32, roles: [String], tables: [TableRights]) {
        self.number = number
        self.roles = roles
        self.tables = tables
    }
}

/// Where the user holds something: what the replica needs to judge a creation or a move before the server does. Replaces
/// what was sent before, whole.
public struct Places: Sendable, Hashable {
    public struct Territory: Sendable, Hashable {
        public var id: String
        public var name: String
        public var mask: UInt32

        public init(id: String, name: String, mask: UInt32) {
            self.id = id
            self.name = name
            self.mask = mask
        }
    }

    public var user: String
    /// Held in `global`; counts for rows that the partition rule `global` places.
    public var global: UInt32
    /// Held anywhere at all: counts in tables that are only global.
    public var anywhere: UInt32
    /// Held in the user's own private scope.
    public var own: UInt32
    /// Sorted by id.
    public var territories: [Territory]

    public init(user: String, global: UInt32, anywhere: UInt32, own: UInt32, territories: [Territory]) {
        self.user = user
        self.global = global
        self.anywhere = anywhere
        self.own = own
        self.territories = territories
    }
}

/// Rows of one table under one mask, with one set of fields, as columns.
public struct RowBatch: Sendable, Hashable {
    public var table: String
    public var mask: UInt32
    /// True: each row whole, every field of the mask's read set, in schema order; whatever else the replica held of the row
    /// is blanked. False: changes to rows that the replica holds under this same mask.
    public var isComplete: Bool
    public var fields: [String]
    public var ids: [RowID]
    /// For each row the opaque numbers of the roots that it is visible through, ascending; empty in a batch of changes, whose
    /// rows keep theirs.
    public var roots: [[UInt64]]
    /// For each row the position of its last change that this user may see.
    public var positions: [Position]
    /// One a field, each as long as `ids`.
    public var columns: [[Value]]

    public init(
        table: String, mask: UInt32, isComplete: Bool, fields: [String], ids: [RowID] = [], roots: [[UInt64]] = [],
        positions: [Position] = [], columns: [[Value]]
    ) {
        self.table = table
        self.mask = mask
        self.isComplete = isComplete
        self.fields = fields
        self.ids = ids
        self.roots = roots
        self.positions = positions
        self.columns = columns
    }
}

/// Rows that are gone for this user: deleted, or out of its scopes. Which, it is not told.
public struct RowsLeft: Sendable, Hashable {
    public var table: String
    public var ids: [RowID]

    public init(table: String, ids: [RowID]) {
        self.table = table
        self.ids = ids
    }
}

/// Roots that the user no longer sees: every row visible through no other root goes with them.
public struct RootsLeft: Sendable, Hashable {
    public var roots: [UInt64]

    public init(roots: [UInt64]) { self.roots = roots }
}

/// The cells of earlier batches in the same run that have more than one head. A cell that is sent without an entry here
/// has no conflict.
public struct ConflictBatch: Sendable, Hashable {
    public struct HeadDescription: Sendable, Hashable {
        public var value: Value
        public var user: String
        /// The stamp's physical part: milliseconds since 1970.
        public var milliseconds: UInt64

        public init(value: Value, user: String, milliseconds: UInt64) {
            self.value = value
            self.user = user
            self.milliseconds = milliseconds
        }
    }

    public struct Entry: Sendable, Hashable {
        public var id: RowID
        /// The shown one first.
        public var heads: [HeadDescription]

        public init(id: RowID, heads: [HeadDescription]) {
            self.id = id
            self.heads = heads
        }
    }

    public var table: String
    public var field: String
    /// The merge kind's word: which rule chose.
    public var rule: String
    public var entries: [Entry]

    public init(table: String, field: String, rule: String, entries: [Entry]) {
        self.table = table
        self.field = field
        self.rule = rule
        self.entries = entries
    }
}

/// Closes a run: the replica now stands at `cursor`.
public struct Checkpoint: Sendable, Hashable {
    public var cursor: Cursor
    /// The replica's own transactions up to here are in what was sent, with the running hash there.
    public var appliedThrough: UInt64
    public var runningHash: [UInt8]
    /// Own transactions up to here are in a backup, so that the replica need not keep them for a restored server.
    public var backedUpThrough: UInt64

    public init(cursor: Cursor, appliedThrough: UInt64, runningHash: [UInt8], backedUpThrough: UInt64) {
        self.cursor = cursor
        self.appliedThrough = appliedThrough
        self.runningHash = runningHash
        self.backedUpThrough = backedUpThrough
    }
}
