import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// One row that changed here by a sync, for printing.
public struct RowChange: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case changed, left
    }

    public var kind: Kind
    public var table: String
    public var id: RowID

    public init(kind: Kind, table: String, id: RowID) {
        self.kind = kind
        self.table = table
        self.id = id
    }
}

/// Where a replica was found to differ from what the server has for it.
public struct Difference: Sendable, Hashable {
    public var table: String
    public var id: RowID
    /// Nil when the whole row was missing, or was there without right.
    public var field: String?

    public init(table: String, id: RowID, field: String?) {
        self.table = table
        self.id = id
        self.field = field
    }
}

/// What one run of a pull did.
public struct ApplyReport: Sendable, Hashable {
    /// Rows that changed here, and rows that left.
    public var pulled = 0
    public var left = 0
    public var refused = 0
    /// Cells newly in conflict, and own writes newly found to be overtaken by a delete.
    public var conflicts = 0
    public var position = Position.zero
    /// The first of what changed.
    public var changes: [RowChange] = []
    /// Full runs over a replica that was not empty: the first differences found, all of them mended.
    public var differences: [Difference] = []

    public init() {}

    static let listed = 1_000

    mutating func note(_ change: RowChange) {
        if changes.count < Self.listed { changes.append(change) }
    }

    mutating func note(_ difference: Difference) {
        if differences.count < Self.listed { differences.append(difference) }
    }
}

extension ReplicaEngine {
    public func pullOpen(_ store: any ReplicaStore, isLive: Bool, isFull: Bool) throws -> PullOpen {
        PullOpen(
            commitment: try commitment(store), schemaVersion: try store.schema()?.version, isLive: isLive, isFull: isFull)
    }

    /// Applies one run, from `begin` to `checkpoint`, and closes open changes before.
    /// - Throws: `malformed` when the run contradicts itself, `file-damaged` when it changes a row that should be here and is
    ///   not, `replica-diverged` when the server's chain of this replica's transactions is another; nothing is changed then,
    ///   as the caller rolls its transaction back.
    public func apply(
        _ frames: some Sequence<PullFrame>, _ store: any ReplicaStore, clock: ClockReading
    ) throws -> ApplyReport {
        try closeOpenChanges(store, clock: clock)
        var applier = try Applier(store: store, clock: clock, pendingValues: { try pendingValues(store) })
        for frame in frames {
            switch frame {
            case .begin(let begin): try applier.begin(begin)
            case .schema(let description): try applier.install(Schema(description))
            case .mask(let definition): try applier.define(definition)
            case .places(let places): try applier.setPlaces(places)
            case .rows(let batch): try applier.receive(batch)
            case .left(let left): try applier.remove(left)
            case .rootsLeft(let left): try applier.remove(left)
            case .conflicts(let batch): try applier.setConflicts(batch)
            case .verdicts(let verdicts):
                let kept = try keepVerdicts(verdicts, store)
                applier.report.refused += kept.refused
                applier.report.conflicts += kept.overtaken
            case .checkpoint(let checkpoint): try finish(checkpoint, &applier, store, clock)
            case .heartbeat: break
            case .failed(let failure): throw failure
            }
        }
        return applier.report
    }

    private func finish(
        _ checkpoint: Checkpoint, _ applier: inout Applier, _ store: any ReplicaStore, _ clock: ClockReading
    ) throws {
        try applier.sweep()
        var state = try store.state()
        let counter = checkpoint.appliedThrough
        // Pending work counts as acknowledged only when the chains agree (DESIGN §4).
        let known = try runningHash(at: counter, store)
        guard known == checkpoint.runningHash, counter <= state.lastCounter else {
            throw SatchelError(
                .replicaDiverged, "This file's own history is not the one that the server has: it was copied or rolled back.",
                remedy: "Enrol this file again; it keeps its queue.")
        }
        try applier.acknowledge(through: counter)
        try store.removeTransactions(through: counter)
        state.appliedThrough = counter
        state.appliedHash = checkpoint.runningHash
        state.confirmedThrough = max(state.confirmedThrough, counter)
        state.cursor = checkpoint.cursor
        state.lastSyncMilliseconds = clock.wallMilliseconds
        try store.setState(state)
        applier.report.position = checkpoint.cursor.position
    }
}
