import Foundation
import Logging
import SatchelProtocol
import ServiceLifecycle
import Synchronization
import Testing

@testable import SatchelServer

@Suite struct AdminSocketTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs a socket on a folder until the body returns.
    private func serving(
        _ folder: DataFolder, answer: @escaping @Sendable (AdminRequest) async -> AdminReply,
        _ body: (ServiceGroup) async throws -> Void
    ) async throws {
        let server = try AdminSocketServer(folder, logger: Self.logger, answer: answer)
        let group = ServiceGroup(services: [server], gracefulShutdownSignals: [], logger: Self.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(group)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func withFolder(_ body: (DataFolder) async throws -> Void) async throws {
        try await AdminWorld.withFiles { try await body(DataFolder($0)) }
    }

    @Test func requestsAndRepliesGoThrough() async throws {
        try await withFolder { (folder: DataFolder) async throws in
            let seen = Mutex<[String]>([])
            try await serving(folder) { request in
                if case .addUser(let id, let name) = request { seen.withLock { $0.append("\(id) \(name)") } }
                if case .land(let batch) = request { return .landed(batch.rows.map { _ in .unchanged }) }
                if case .disableUser = request {
                    return .failed(AdminFailure(SatchelError(.userUnknown, "No.", remedy: "Try.")))
                }
                return .done
            } _: { (_: ServiceGroup) async throws in
                let mode = try FileManager.default.attributesOfItem(atPath: folder.socketPath)[.posixPermissions] as? Int
                #expect(mode == 0o600)
                let client = try #require(try AdminClient.connect(folder))
                guard case .done = try await client.ask(.addUser(id: "zoë", name: "Z\"\n")) else {
                    throw OtherAnswer()
                }
                #expect(seen.withLock { $0 } == ["zoë Z\"\n"])
                await #expect {
                    try await client.ask(.disableUser(id: "x"))
                } throws: { ($0 as? SatchelError)?.code == .userUnknown && ($0 as? SatchelError)?.remedy == "Try." }
                // A batch of a megabyte in one frame, and the connection goes on.
                let row = ImportBatch.Row(group: 0, id: "1", values: [String(repeating: "é", count: 600_000), nil])
                let batch = ImportBatch(groups: [.init(table: "t", fields: ["a", "b"])], rows: [row, row], isLast: false)
                guard case .landed(let outcomes) = try await client.ask(.land(batch)) else {
                    throw OtherAnswer()
                }
                #expect(outcomes == [.unchanged, .unchanged])
            }
            #expect(!FileManager.default.fileExists(atPath: folder.socketPath))
            #expect(try AdminClient.connect(folder) == nil)
        }
    }

    @Test func socketThatWasLeftBehindIsNotAServer() async throws {
        try await withFolder { (folder: DataFolder) async throws in
            #expect(try AdminClient.connect(folder) == nil)
            do { _ = try LocalSocket.listen(folder.socketPath) }
            #expect(FileManager.default.fileExists(atPath: folder.socketPath))
            #expect(try AdminClient.connect(folder) == nil)
            // The next server takes its place.
            try await serving(folder) { _ in
                .done
            } _: { (_: ServiceGroup) async throws in
                #expect(try AdminClient.connect(folder) != nil)
            }
        }
    }

    @Test func pathThatIsTooLongIsNamed() async throws {
        let folder = DataFolder("/tmp/" + String(repeating: "x", count: 100))
        #expect { _ = try AdminClient.connect(folder) } throws: { error in
            (error as? SatchelError)?.code == .dataFolderInvalid && "\(error)".contains("shorter path")
        }
    }

    @Test func nonsenseEndsItsOwnConnectionOnly() async throws {
        try await withFolder { (folder: DataFolder) async throws in
            try await serving(folder) { _ in
                .done
            } _: { (_: ServiceGroup) async throws in
                for bytes: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 2, 0x7B, 0x7D], [0, 0, 1], []] {
                    guard let connection = try LocalSocket.connect(folder.socketPath) else { throw OtherAnswer() }
                    let socket = connection.release()
                    try await Self.onThread {
                        _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, 0) }
                        shutdown(socket, Int32(SHUT_WR))
                        let connection = LocalSocket(descriptor: socket)
                        if let reply = try? connection.readFrame() {
                            guard case .failed(let failure) = try AdminCoding.decode(AdminReply.self, reply) else {
                                throw OtherAnswer()
                            }
                            #expect(failure.code == "malformed")
                        }
                    }
                }
                let client = try #require(try AdminClient.connect(folder))
                guard case .done = try await client.ask(.status) else { throw OtherAnswer() }
            }
        }
    }

    @Test func tooManyConnectionsAreTold() async throws {
        try await withFolder { (folder: DataFolder) async throws in
            try await serving(folder) { _ in
                .done
            } _: { (_: ServiceGroup) async throws in
                var clients: [AdminClient] = []
                for _ in 0..<AdminLimits.connections {
                    let client = try #require(try AdminClient.connect(folder))
                    _ = try await client.ask(.status)
                    clients.append(client)
                }
                let late = try #require(try AdminClient.connect(folder))
                await #expect { try await late.ask(.status) } throws: { ($0 as? SatchelError)?.code == .busy }
                clients = []
                try await eventually("a place is free again") {
                    do {
                        _ = try await AdminClient.connect(folder)?.ask(.status)
                        return true
                    } catch {
                        return false
                    }
                }
            }
        }
    }

    /// What is being answered at a shutdown is answered; an idle connection holds nothing up.
    @Test func shutdownFinishesWhatIsInFlight() async throws {
        try await withFolder { (folder: DataFolder) async throws in
            let began = WakeSignal()
            let goOn = WakeSignal()
            try await serving(folder) { _ in
                began.raise()
                await goOn.wait()
                return .done
            } _: { (group: ServiceGroup) async throws in
                let idle = try #require(try AdminClient.connect(folder))
                let busy = try #require(try AdminClient.connect(folder))
                async let reply = busy.ask(.status)
                await began.wait()
                await group.triggerGracefulShutdown()
                try await eventually("it closes") { !FileManager.default.fileExists(atPath: folder.socketPath) }
                goOn.raise()
                guard case .done = try await reply else { throw OtherAnswer() }
                await #expect(throws: SatchelError.self) { try await idle.ask(.status) }
            }
        }
    }

    // MARK: The lock

    @Test func lockIsHeldByOne() async throws {
        try await withFolder { (folder: DataFolder) async throws in
            var first = try FolderLock.take(folder)
            #expect(first != nil)
            #expect(try FolderLock.take(folder) == nil)
            first = nil
            #expect(try FolderLock.take(folder) != nil)
        }
    }

    @Test func secondServerOnAFolderIsRefused() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let lock = try FolderLock.take(world.folder)
            try await serving(world.folder) { _ in
                .done
            } _: { (_: ServiceGroup) async throws in
                await #expect {
                    try await ServeCommand(world.folder, host: "127.0.0.1", port: 0, logger: Self.logger).run { _ in }
                } throws: { ($0 as? SatchelError)?.code == .alreadyRunning }
                // It has not taken the first one's socket away.
                #expect(try AdminClient.connect(world.folder) != nil)
            }
            withExtendedLifetime(lock) {}
        }
    }

    @Test func commandsWaitForEachOther() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let first = try await world.gateway()
            async let second = world.ask(.users)
            _ = try await first.ask(.users)
            try first.close()
            guard case .users = try await second else { throw OtherAnswer() }
        }
    }

    private static func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}
