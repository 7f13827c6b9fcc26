import Foundation
import Logging
import SatchelCore
import SatchelEngine
import SatchelFiles
import SatchelPolicy
import SatchelProtocol
import Testing

@testable import SatchelServer

/// The same operations through a running server: what they change reaches connected replicas at once.
@Suite struct AdminServerTests {
    /// Answers requests as `ServeCommand` has them answered.
    private static func service(_ server: TestServer) throws -> AdminService {
        let place = ServingAddress()
        place.set("https://localhost:\(server.port)")
        return try AdminService(
            host: ServerHost(store: server.store, server: server.server, place: place), folder: DataFolder(server.folder.path),
            coding: WireTransactionCoding(), logger: Logger(label: "test"))
    }

    private static func liveStream(_ user: String, _ server: TestServer, _ client: TestClient) async throws -> TestDevice {
        let device = try await TestDevice.enrolled(user, server, client)
        let stream = try await server.live(device, client)
        _ = try await stream.run()
        try await eventually("It waits.") { server.server.liveStreams > 0 }
        // Until it is cut.
        Task { while try await stream.next() != nil {} }
        return device
    }

    @Test func revokedReplicaIsCutAtOnce() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let service = try Self.service(server)
            let device = try await Self.liveStream("anna", server, client)
            guard case .done = await service.answer(.revokeReplica(id: device.replica.description)) else { throw OtherAnswer() }
            try await eventually("It is cut.") { server.server.liveStreams == 0 }
            guard case .replicas(let replicas) = await service.answer(.replicas) else { throw OtherAnswer() }
            #expect(replicas.first { $0.id == device.replica.description }?.isRevoked == true)
        }
    }

    @Test func disabledUserIsCutAtOnce() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let service = try Self.service(server)
            _ = try await Self.liveStream("anna", server, client)
            guard case .done = await service.answer(.disableUser(id: "anna")) else { throw OtherAnswer() }
            try await eventually("It is cut.") { server.server.liveStreams == 0 }
            guard case .failed(let failure) = await service.answer(.enrolmentCode(user: "anna")) else { throw OtherAnswer() }
            #expect(failure.code == "user-unknown")
        }
    }

    @Test func importedRowsReachALiveReplica() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let service = try Self.service(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            _ = try await stream.run()
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            let batch = ImportBatch(
                groups: [.init(table: "note", fields: ["territory", "body"])],
                rows: [
                    .init(group: 0, id: "n1", values: ["north", "one"]), .init(group: 0, id: "n2", values: ["south", "two"]),
                ],
                isLast: false)
            guard case .landed(let outcomes) = await service.answer(.land(batch)) else { throw OtherAnswer() }
            #expect(outcomes == [.landed, .landed])
            // Hers alone.
            #expect(try await stream.run().rows == 1)
        }
    }

    @Test func grantReachesALiveReplica() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let service = try Self.service(server)
            let batch = ImportBatch(
                groups: [.init(table: "note", fields: ["territory", "body"])],
                rows: [.init(group: 0, id: "n1", values: ["south", "two"])], isLast: false)
            _ = await service.answer(.land(batch))
            let device = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            #expect(try await stream.run().rows == 0)
            try await eventually("It waits.") { server.server.liveStreams == 1 }
            guard case .done = await service.answer(.grant(GrantOrder(user: "anna", role: "rep", territory: "south"))) else {
                throw OtherAnswer()
            }
            #expect(try await stream.run().rows == 1)
        }
    }

    @Test func newConnectionsGetTheNewCertificate() async throws {
        try await TestServer.run { server in
            let service = try Self.service(server)
            let other = server.folder.path + "/other"
            try DevelopmentCertificates.create(in: other)
            let files = try CertificateFiles.load(
                certificate: DevelopmentCertificates.certificatePath(in: other), key: DevelopmentCertificates.keyPath(in: other)
            )
            let before = try TestClient(server)
            _ = try await before.post("/v1/nonce")
            guard case .certificate = await service.answer(.certificate(files)) else { throw OtherAnswer() }
            // One who trusts the old authority is not let down by it any more, since another signs now.
            let after = try TestClient(server)
            await #expect(throws: (any Error).self) { try await after.post("/v1/nonce") }
        }
    }

    @Test func statusSaysWhereItServes() async throws {
        try await TestServer.run { server in
            guard case .status(let status) = await (try Self.service(server)).answer(.status) else { throw OtherAnswer() }
            #expect(status.isServing)
            #expect(status.address == "https://localhost:\(server.port)")
        }
    }

    /// Two imports at once: batches take turns, and each finds what the other has landed.
    @Test func importsAtOnceTakeTurns() async throws {
        try await TestServer.run { server in
            let service = try Self.service(server)
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for writer in 0..<4 {
                    tasks.addTask {
                        var landed = 0
                        for round in 0..<10 {
                            let batch = ImportBatch(
                                groups: [.init(table: "note", fields: ["territory", "body"])],
                                rows: [
                                    .init(group: 0, id: "shared\(round)", values: ["north", "same"]),
                                    .init(group: 0, id: "own\(writer)-\(round)", values: ["north", "own"]),
                                ], isLast: false)
                            guard case .landed(let outcomes) = await service.answer(.land(batch)) else { throw OtherAnswer() }
                            landed += outcomes.count { $0 == .landed }
                        }
                        return landed
                    }
                }
                let landed = try await tasks.reduce(0, +)
                #expect(landed == 50)
            }
        }
    }
}
