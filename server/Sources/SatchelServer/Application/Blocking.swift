import Dispatch

/// Runs what waits for a disk on a thread that may wait: the threads of Swift's tasks are as many as the processors, and
/// everything else waits for them.
struct Blocking: Sendable {
    private let queue: DispatchQueue

    /// One thing after the other, on a thread of its own.
    static func serial(_ name: String) -> Blocking { Blocking(queue: DispatchQueue(label: name, qos: .userInitiated)) }

    /// Several at once; the caller bounds how many.
    static func concurrent(_ name: String) -> Blocking {
        Blocking(queue: DispatchQueue(label: name, qos: .userInitiated, attributes: .concurrent))
    }

    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
