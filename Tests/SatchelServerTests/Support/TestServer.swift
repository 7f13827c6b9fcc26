import Foundation
import Logging
import SatchelCore
import SatchelEngine
import SatchelProtocol
import ServiceLifecycle
import Synchronization
import Testing

@testable import SatchelServer

/// A folder that goes with the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/satchel-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A clock that stands still until it is moved.
final class TestClock: Sendable {
    private let milliseconds = Mutex<UInt64>(1_700_000_000_000)

    var now: UInt64 { milliseconds.withLock { $0 } }
    func advance(seconds: Int) { milliseconds.withLock { $0 += UInt64(seconds) * 1000 } }
}

/// A server that runs in this process, on real TLS, until the body returns.
struct TestServer: Sendable {
    let server: SatchelServer
    let store: SQLiteServerStore
    let counting: CountingStore
    let clock: TestClock
    let folder: TestFolder
    let port: Int
    private let group: ServiceGroup
    private let ended: Waiting<Bool>

    var authority: String { DevelopmentCertificates.authorityPath(in: folder.path) }

    /// Begins a graceful shutdown, as SIGTERM does.
    func terminate() async { await group.triggerGracefulShutdown() }
    /// When `run` has returned.
    func waitForEnd(seconds: Double) async throws { _ = try await ended.value(seconds: seconds) }

    static func run<Result: Sendable>(
        users: [String] = ["anna", "ben"], limits: ServerLimits = ServerLimits(),
        _ body: @escaping @Sendable (TestServer) async throws -> Result
    ) async throws -> Result {
        let folder = try TestFolder()
        try DevelopmentCertificates.create(in: folder.path)
        let store = try SQLiteServerStore.create(
            at: folder.path + "/satchel.sqlite", organisation: "org", governance: TestRules.governance(users: users))
        defer { try? store.close() }
        let clock = TestClock()
        let counting = CountingStore(store)
        let port = Waiting<Int>()
        let ended = Waiting<Bool>()
        var configuration = ServerConfiguration(dataFolder: folder.path, port: 0)
        configuration.limits = limits
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try SatchelServer(
            configuration: configuration, store: counting, identities: try Identities(store: store, now: { clock.now }),
            secrets: SatchelServer.Secrets(store), now: { clock.now }, logger: logger, ready: { port.set($0) })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: server, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer {
                    ended.set(true)
                    port.fail()
                }
                try await group.run()
            }
            let running = TestServer(
                server: server, store: store, counting: counting, clock: clock, folder: folder,
                port: try await port.value(seconds: 20), group: group, ended: ended)
            let result: Result
            do {
                result = try await body(running)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }
}

/// A value that comes later.
final class Waiting<Value: Sendable>: Sendable {
    struct Failed: Error {}
    struct TooLate: Error {}

    private enum State {
        case open([CheckedContinuation<Value, any Error>])
        case set(Result<Value, any Error>)
    }

    private let state = Mutex(State.open([]))

    func set(_ value: Value) { resolve(.success(value)) }
    func fail() { resolve(.failure(Failed())) }

    private func resolve(_ result: Result<Value, any Error>) {
        let waiting = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
            guard case .open(let waiting) = state else { return [] }
            state = .set(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }

    func value(seconds: Double) async throws -> Value {
        let deadline = Task {
            try await Task.sleep(for: .seconds(seconds))
            resolve(.failure(TooLate()))
        }
        defer { deadline.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value, any Error>? in
                switch state {
                case .set(let result): return result
                case .open(let waiting):
                    state = .open(waiting + [continuation])
                    return nil
                }
            }
            if let result { continuation.resume(with: result) }
        }
    }
}

/// Waits until something holds. Fails the test when it does not in time.
func eventually(
    within seconds: Double = 10, _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    #expect(Bool(false), what, sourceLocation: sourceLocation)
}

/// Counts what is asked of a store, and can hold writes up.
final class CountingStore: ServerStore {
    private let store: any ServerStore
    private let readCount = Atomic(0)
    private let writeCount = Atomic(0)
    private let failures = Mutex<[(any Error)?]>([])
    private let gate = Mutex<DispatchSemaphore?>(nil)

    init(_ store: any ServerStore) { self.store = store }

    var reads: Int { readCount.load(ordering: .acquiring) }
    var writes: Int { writeCount.load(ordering: .acquiring) }

    /// Lets writes wait until the semaphore lets them go.
    func hold(_ semaphore: DispatchSemaphore?) { gate.withLock { $0 = semaphore } }
    /// Makes the next writes fail, one after the other; nil for one that does not.
    func failNext(_ errors: [(any Error)?]) { failures.withLock { $0 = errors } }

    func read<T>(_ body: (any ServerReader) throws -> T) throws -> T {
        readCount.add(1, ordering: .acquiringAndReleasing)
        return try store.read(body)
    }

    func write<T>(_ body: (any ServerWriter) throws -> T) throws -> T {
        writeCount.add(1, ordering: .acquiringAndReleasing)
        gate.withLock { $0 }?.wait()
        if let error = failures.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw error }
        return try store.write(body)
    }
}
