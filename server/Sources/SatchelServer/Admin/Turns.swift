/// Runs one body after another, in the order in which they were asked for. An actor alone does not: it lets others in at
/// every `await`.
actor Turns {
    private var last: Task<Void, Never>?

    /// The body runs to its end even when the caller is cancelled.
    func take<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let previous = last
        let task = Task {
            await previous?.value
            return try await body()
        }
        last = Task { _ = await task.result }
        return try await task.value
    }
}
