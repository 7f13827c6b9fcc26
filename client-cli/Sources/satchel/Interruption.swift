import Dispatch

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ends long work on SIGINT or SIGTERM: what runs is cancelled and finishes in good order.
struct Interruption {
    /// Returns when the work is done or a signal came.
    func whileNot(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await work() }
            group.addTask { await Self.arrival() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func arrival() async {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let sources = [SIGINT, SIGTERM].map { number in
            ignoreDefault(number)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }

    /// The default action would end the process before the source hears of it.
    private static func ignoreDefault(_ number: Int32) {
        #if canImport(Glibc)
            Glibc.signal(number, SIG_IGN)
        #else
            Darwin.signal(number, SIG_IGN)
        #endif
    }
}
