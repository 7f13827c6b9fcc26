import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import SatchelProtocol
import SatchelReplica
import SwiftASN1
import Testing
import X509

/// What the network can do to a client, and that each of it ends in time with its own code.
@Suite struct TransportFailureTests {
    private func enrol(
        at url: String, trusting authority: TestAuthority, connect: Duration = .seconds(20), reply: Duration = .seconds(20)
    ) async throws {
        let folder = try TestFolder()
        var configuration = World.configuration
        configuration.connectTimeout = connect
        configuration.replyTimeout = reply
        let replica = try await Replica.open(
            path: folder.file("satchel.sqlite"), keys: MemoryKeyStore(), configuration: configuration)
        _ = try await replica.enrol(
            server: try #require(URL(string: url)), certificateAuthority: .pem(try authority.pem), code: "GOOD", device: "test")
    }

    private func fault(
        at url: String, trusting authority: TestAuthority, connect: Duration = .seconds(20), reply: Duration = .seconds(20)
    ) async throws -> SatchelError {
        do {
            try await enrol(at: url, trusting: authority, connect: connect, reply: reply)
        } catch let error as SatchelError {
            return error
        }
        throw SatchelError(.internalError, "It went well.", remedy: "")
    }

    @Test func aClosedPortIsUnreachable() async throws {
        let authority = try TestAuthority()
        let server = try await ScriptedServer(try authority.issue()) { _ in ScriptedServer.Reply([]) }
        try await server.stop()
        let began = ContinuousClock.now
        let fault = try await fault(at: server.url, trusting: authority)
        #expect(fault.code == .unreachable)
        #expect(fault.remedy.contains("kept"))
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    @Test func aNameThatNobodyKnowsIsUnreachable() async throws {
        let fault = try await fault(at: "https://nobody.invalid:7443", trusting: try TestAuthority())
        #expect(fault.code == .unreachable)
    }

    /// One that takes the connection and never speaks TLS.
    @Test func aSilentServerIsGivenUpInTime() async throws {
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let began = ContinuousClock.now
        let fault = try await fault(
            at: "https://127.0.0.1:\(silent.localAddress?.port ?? 0)", trusting: try TestAuthority(),
            connect: .milliseconds(400))
        #expect(fault.code == .unreachable)
        #expect(ContinuousClock.now - began < .seconds(10))
        try await silent.close()
    }

    /// One that speaks TLS and never answers.
    @Test func aServerThatNeverAnswersIsGivenUpInTime() async throws {
        let authority = try TestAuthority()
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let server = try await ScriptedServer(try authority.issue()) { _ in
            for await _ in stream {}
            return ScriptedServer.Reply([])
        }
        let began = ContinuousClock.now
        let fault = try await fault(at: server.url, trusting: authority, reply: .seconds(1))
        #expect(fault.code == .unreachable)
        #expect(ContinuousClock.now - began < .seconds(10))
        continuation.finish()
        try await server.stop()
    }

    @Test func somethingInBetweenIsNotTheServer() async throws {
        let authority = try TestAuthority()
        let server = try await ScriptedServer(try authority.issue()) { _ in
            var reply = ScriptedServer.Reply(Array("<html>Log in to the hotel</html>".utf8))
            reply.status = .forbidden
            reply.type = "text/html"
            return reply
        }
        #expect(try await fault(at: server.url, trusting: authority).code == .unreachable)
        try await server.stop()
    }

    @Test func anEndlessAnswerIsRefused() async throws {
        let authority = try TestAuthority()
        let server = try await ScriptedServer(try authority.issue()) { _ in
            ScriptedServer.Reply([UInt8](repeating: 0, count: 100_000))
        }
        #expect(try await fault(at: server.url, trusting: authority).code == .tooLarge)
        try await server.stop()
    }

    // MARK: Certificates

    private func certificateFault(
        _ make: (TestAuthority) throws -> TestAuthority = { $0 }, names: [GeneralName]? = nil, from: TimeInterval = -3600,
        until: TimeInterval = 3600
    ) async throws -> SatchelError {
        let authority = try TestAuthority()
        let tls =
            try names.map { try authority.issue(names: $0, from: from, until: until) }
            ?? authority.issue(from: from, until: until)
        let server = try await ScriptedServer(tls) { _ in ScriptedServer.Reply([]) }
        let fault = try await fault(at: server.url, trusting: try make(authority))
        try await server.stop()
        #expect(fault.code == .certificateInvalid, "\(fault)")
        return fault
    }

    @Test func anotherAuthorityIsNamed() async throws {
        let fault = try await certificateFault { _ in try TestAuthority() }
        #expect(fault.message.contains("not issued by the CA"))
    }

    @Test func anotherHostNameIsNamed() async throws {
        let fault = try await certificateFault(names: [.dnsName("elsewhere.example")])
        #expect(fault.message.contains("another host name"))
    }

    @Test func anExpiredCertificateIsNamed() async throws {
        let fault = try await certificateFault(from: -7200, until: -3600)
        #expect(fault.message.contains("expired"))
        #expect(fault.message.contains("clock says"))
    }

    @Test func aCertificateOfTomorrowMeansAWrongClock() async throws {
        let fault = try await certificateFault(from: 3600, until: 7200)
        #expect(fault.message.contains("not valid before"))
        #expect(fault.remedy.contains("clock is probably wrong"))
    }

    @Test func aMissingAuthorityIsNamed() async throws {
        let folder = try TestFolder()
        let replica = try await Replica.open(path: folder.file("satchel.sqlite"), keys: MemoryKeyStore())
        let url = try #require(URL(string: "https://127.0.0.1:1"))
        try Data("no certificate".utf8).write(to: URL(filePath: folder.file("not.pem")))
        for authority in [
            CertificateAuthority.file(folder.file("none.pem")), .file(folder.file("not.pem")), .pem(""), .file(folder.path),
        ] {
            let found = await code {
                _ = try await replica.enrol(server: url, certificateAuthority: authority, code: "GOOD", device: "test")
            }
            #expect(found == .certificateAuthorityMissing)
        }
    }

    @Test(arguments: ["http://127.0.0.1:1", "https://", "127.0.0.1", "https://a:b@host", "https://host/?a=b", "ftp://host"])
    func onlyAnHTTPSAddressIsTaken(url: String) async throws {
        let authority = try TestAuthority()
        #expect(await code { try await enrol(at: url, trusting: authority) } == .usage)
    }
}
