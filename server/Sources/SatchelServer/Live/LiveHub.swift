import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol
import Synchronization

/// Every open stream, and for live pulls who waits for what: a commit wakes those whom it may concern, and looks at nobody
/// else. Nothing here asks the store anything.
final class LiveHub: Sendable {
    private struct Live {
        let ticket: StreamTicket
        var interest: Interest
    }

    private struct State {
        /// All streams, by the identity of their tickets.
        var streams: [ObjectIdentifier: StreamTicket] = [:]
        var live: [ObjectIdentifier: Live] = [:]
        var byScope: [Scope: Set<ObjectIdentifier>] = [:]
        var byReplica: [ReplicaID: Set<ObjectIdentifier>] = [:]
        /// All streams of each replica, the oldest first.
        var opened: [ReplicaID: [StreamTicket]] = [:]
        /// The last commit that was published here.
        var head = Position.zero
        var isClosed = false
    }

    private let limits: ServerLimits
    private let state = Mutex(State())

    init(limits: ServerLimits) { self.limits = limits }

    var streamCount: Int { state.withLock { $0.streams.count } }
    var liveCount: Int { state.withLock { $0.live.count } }

    /// A replica that opens more streams than it can have a use for has lost the oldest: it is cut.
    /// - Throws: `Failure` `.shuttingDown`.
    func open(_ ticket: StreamTicket) throws(Failure) {
        let (isOpen, surplus) = state.withLock { state -> (Bool, StreamTicket?) in
            if state.isClosed { return (false, nil) }
            state.streams[ObjectIdentifier(ticket)] = ticket
            var opened = state.opened[ticket.principal.replica] ?? []
            opened.append(ticket)
            let surplus = opened.count > limits.streamsOfReplica ? opened.removeFirst() : nil
            state.opened[ticket.principal.replica] = opened
            return (true, surplus)
        }
        surplus?.end(Self.tooMany, isCut: true)
        if !isOpen { throw .shuttingDown }
    }

    private static let tooMany = Failure(
        code: .busy, message: "This device has opened too many streams; the newer ones go on.", action: .retryAfter(seconds: 10)
    )

    func close(_ ticket: StreamTicket) {
        state.withLock { state in
            let id = ObjectIdentifier(ticket)
            state.streams[id] = nil
            let opened = (state.opened[ticket.principal.replica] ?? []).filter { $0 !== ticket }
            state.opened[ticket.principal.replica] = opened.isEmpty ? nil : opened
            if let live = state.live.removeValue(forKey: id) { Self.forget(live.interest, id, &state) }
        }
    }

    /// From now on commits that touch the interest wake the stream.
    ///
    /// - Parameter position: what the stream has told its client already. If anything was committed since, it is woken at
    ///   once, since that may have been between its look at the store and this call.
    func wait(_ ticket: StreamTicket, for interest: Interest, since position: Position) {
        let isLate = state.withLock { state in
            let id = ObjectIdentifier(ticket)
            guard state.streams[id] != nil else { return false }
            let before = state.live.updateValue(Live(ticket: ticket, interest: interest), forKey: id)?.interest
            if before != interest {
                if let before { Self.forget(before, id, &state) }
                for scope in interest.scopes { state.byScope[scope, default: []].insert(id) }
                state.byReplica[interest.replica, default: []].insert(id)
            }
            return state.head > position
        }
        if isLate { ticket.wake() }
    }

    /// Wakes everyone whom a commit may concern. A change of the rules may concern all.
    func publish(_ report: IngestReport) {
        let woken = state.withLock { state -> [StreamTicket] in
            state.head = max(state.head, report.head.position)
            if report.governanceChanged { return state.live.values.map(\.ticket) }
            var ids: Set<ObjectIdentifier> = []
            for scope in report.touched { ids.formUnion(state.byScope[scope] ?? []) }
            for replica in report.replicas { ids.formUnion(state.byReplica[replica] ?? []) }
            return ids.compactMap { state.live[$0]?.ticket }
        }
        for ticket in woken { ticket.wake() }
    }

    /// Ends every stream whose other end may do nothing more, at once.
    func cut(_ failure: Failure, where isMeant: (Principal) -> Bool) {
        let streams = state.withLock { Array($0.streams.values) }
        for ticket in streams where isMeant(ticket.principal) { ticket.end(failure, isCut: true) }
    }

    /// Takes no more streams, and lets those that are there say what they are saying.
    func close() {
        let streams = state.withLock { state in
            state.isClosed = true
            return Array(state.streams.values)
        }
        for ticket in streams { ticket.end(.shuttingDown, isCut: false) }
    }

    /// Looks at the clock for all streams, until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: limits.heartbeat / 20)
            let streams = state.withLock { Array($0.streams.values) }
            let now = ContinuousClock.now
            for ticket in streams { ticket.tick(now: now, limits: limits) }
        }
    }

    private static func forget(_ interest: Interest, _ id: ObjectIdentifier, _ state: inout State) {
        for scope in interest.scopes {
            state.byScope[scope]?.remove(id)
            if state.byScope[scope]?.isEmpty == true { state.byScope[scope] = nil }
        }
        state.byReplica[interest.replica]?.remove(id)
        if state.byReplica[interest.replica]?.isEmpty == true { state.byReplica[interest.replica] = nil }
    }
}
