/// Lets one piece of asynchronous work run at a time, in the order of asking.
actor SerialGate {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Work that was cancelled while it waited still gets its turn, and finds out for itself.
    func alone<Result: Sendable>(_ work: @Sendable () async throws -> Result) async rethrows -> Result {
        await take()
        defer { give() }
        return try await work()
    }

    private func take() async {
        if !isTaken {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func give() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
