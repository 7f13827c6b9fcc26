import Foundation
import Logging
import SatchelProtocol
import ServiceLifecycle
import Synchronization

/// Answers commands at `DIR/admin.sock` while the server runs. Each connection has a thread of its own, where it may block; there
/// are few, and only the folder's owner can make one.
public final class AdminSocketServer: Service {
    private struct State {
        var connections = 0
        var isListening = true
        var drained: CheckedContinuation<Void, Never>?
    }

    private let listener: Int32
    private let path: String
    /// Readable from the moment on when everything here shall end: its reading end, and its writing end.
    private let stop: (reading: Int32, writing: Int32)
    private let answer: @Sendable (AdminRequest) async -> AdminReply
    private let logger: Logger
    private let state = Mutex(State())

    /// Listens from here on; requests are answered once it runs.
    ///
    /// - Parameter folder: the caller holds its lock.
    /// - Throws: `data-folder-invalid` when the socket cannot be made; its path may be too long.
    public init(
        _ folder: DataFolder, logger: Logger, answer: @escaping @Sendable (AdminRequest) async -> AdminReply
    ) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw SatchelError(.internalError, "A pipe cannot be made.", remedy: "Check the limit of open files.")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        stop = (ends[0], ends[1])
        do {
            listener = try LocalSocket.listen(folder.socketPath).release()
        } catch {
            ends.forEach { close($0) }
            throw error
        }
        path = folder.socketPath
        self.answer = answer
        self.logger = logger
    }

    deinit {
        for descriptor in [listener, stop.reading, stop.writing] { close(descriptor) }
    }

    /// Until the graceful shutdown: then idle connections are closed, and what is being answered has `Limits.shutdownSeconds`.
    public func run() async throws {
        Thread.detachNewThread { self.listen() }
        // Cancellation ends it the same way.
        try? await gracefulShutdown()
        // First, so that from now on a command waits for the folder's lock instead of for an answer.
        unlink(path)
        _ = [UInt8(1)].withUnsafeBytes { write(stop.writing, $0.baseAddress, 1) }
        await withTaskGroup { group in
            group.addTask { await self.drain() }
            group.addTask {
                try? await Task.sleep(for: .seconds(Limits.shutdownSeconds))
                self.giveUp()
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func drain() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if !state.isListening, state.connections == 0 { return true }
                state.drained = continuation
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    private func giveUp() {
        state.withLock { state in
            state.drained?.resume()
            state.drained = nil
        }
    }

    private func leave(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            guard !state.isListening, state.connections == 0 else { return }
            state.drained?.resume()
            state.drained = nil
        }
    }

    // MARK: On threads

    private func listen() {
        // Released at once: the object owns the descriptor.
        let socket = LocalSocket(descriptor: listener)
        do {
            while let connection = try socket.accept(unless: stop.reading) {
                let isWelcome = state.withLock { state in
                    state.connections += 1
                    return state.connections <= AdminLimits.connections
                }
                let descriptor = connection.release()
                Thread.detachNewThread {
                    self.serve(LocalSocket(descriptor: descriptor), isWelcome: isWelcome)
                    self.leave { $0.connections -= 1 }
                }
            }
        } catch {
            logger.error("The admin's socket is closed.", metadata: ["error": "\(error)"])
        }
        _ = socket.release()
        leave { $0.isListening = false }
    }

    private func serve(_ connection: consuming LocalSocket, isWelcome: Bool) {
        connection.limit(seconds: AdminLimits.transferSeconds)
        do {
            while connection.waitForFrame(unless: stop.reading), let frame = try connection.readFrame() {
                let reply = isWelcome ? reply(to: frame) : .failed(AdminFailure(Self.crowded))
                try connection.writeFrame(try AdminCoding.encode(reply))
                if !isWelcome { return }
            }
        } catch {
            logger.warning("A command's connection was cut.", metadata: ["error": "\(error)"])
        }
    }

    private func reply(to frame: [UInt8]) -> AdminReply {
        do {
            let request = try AdminCoding.decode(AdminRequest.self, frame)
            return Self.wait { [answer] in await answer(request) }
        } catch {
            return .failed(AdminFailure(error))
        }
    }

    /// Waits, on a thread that may, for what a task does.
    private static func wait(_ body: @escaping @Sendable () async -> AdminReply) -> AdminReply {
        let done = DispatchSemaphore(value: 0)
        let slot = ReplySlot()
        Task {
            slot.reply.withLock { $0 = nil }
            let reply = await body()
            slot.reply.withLock { $0 = reply }
            done.signal()
        }
        done.wait()
        return slot.reply.withLock { $0 } ?? .done
    }

    private final class ReplySlot: Sendable {
        let reply: Mutex<AdminReply?> = Mutex(nil)
    }

    private static let crowded = SatchelError(
        .busy, "\(AdminLimits.connections) commands are at work on this server.", remedy: "Wait for one of them to end.")
}

/// Requests and replies as JSON: both ends are one program, of the same version but for the moment of an upgrade.
enum AdminCoding {
    static func encode(_ value: some Encodable) throws(SatchelError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(value))
        } catch {
            throw SatchelError(.internalError, "A message cannot be written.", remedy: "Report this.", cause: "\(error)")
        }
    }

    static func decode<Content: Decodable>(_ type: Content.Type, _ bytes: [UInt8]) throws(SatchelError) -> Content {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw SatchelError(
                .malformed, "The command and the server do not understand each other.",
                remedy: "Use the satcheld of the server's own version; restart a server after an upgrade.", cause: "\(error)")
        }
    }
}
