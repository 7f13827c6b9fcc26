import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import SatchelProtocol
import Testing

@testable import SatchelServer

struct TLSTests {
    @Test func keysAreTheirOwnersAloneAndNothingIsOverwritten() throws {
        let folder = try TestFolder()
        try DevelopmentCertificates.create(in: folder.path)
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(DevelopmentCertificates.keyPath(in: folder.path)) == 0o600)
        #expect(try mode(DevelopmentCertificates.authorityKeyPath(in: folder.path)) == 0o600)
        #expect(try mode(folder.path + "/tls") == 0o700)
        let before = try Data(contentsOf: URL(fileURLWithPath: DevelopmentCertificates.authorityPath(in: folder.path)))
        let error = #expect(throws: SatchelError.self) { try DevelopmentCertificates.create(in: folder.path) }
        #expect(error?.code == .alreadyExists)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: DevelopmentCertificates.authorityPath(in: folder.path))) == before)
    }

    @Test func theServerIsKnownByNameAndAddressAndOnlyUnderItsAuthority() async throws {
        try await TestServer.run { server in
            for host in ["localhost", "127.0.0.1"] {
                #expect(try await Self.health(host, server.port, authority: server.authority) == 200)
            }
            let other = try TestFolder()
            try DevelopmentCertificates.create(in: other.path)
            await #expect(throws: (any Error).self) {
                try await Self.health(
                    "localhost", server.port, authority: DevelopmentCertificates.authorityPath(in: other.path))
            }
        }
    }

    @Test func onlyAuthenticatedCiphersOfTLS12AndLaterAreSpoken() async throws {
        try await TestServer.run { server in
            for version in [TLSVersion.tlsv12, .tlsv13] {
                let status = try await Self.speak(server, [.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], version)
                #expect(status == 200)
            }
            await #expect(throws: (any Error).self) {
                try await Self.speak(server, [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA], .tlsv12)
            }
            await #expect(throws: (any Error).self) {
                try await Self.speak(server, [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA], .tlsv11)
            }
        }
    }

    @Test func aNewCertificateIsForNewConnectionsAndABadOneIsRefused() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let device = try await TestDevice.enrolled("anna", server, client)
            let stream = try await server.live(device, client)
            _ = try await stream.run()

            let other = try TestFolder()
            try DevelopmentCertificates.create(in: other.path)
            func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
            let chain = try text(DevelopmentCertificates.certificatePath(in: other.path))
            let key = try text(DevelopmentCertificates.keyPath(in: other.path))
            for (chain, key) in [
                (chain, try text(DevelopmentCertificates.keyPath(in: server.folder.path))), (chain, "nonsense"), ("", key),
                ("nonsense", key),
            ] {
                let error = #expect(throws: SatchelError.self) { try server.server.replaceCertificate(chain: chain, key: key) }
                #expect(error?.code == .fileInvalid)
            }
            #expect(try await Self.health("localhost", server.port, authority: server.authority) == 200)

            try server.server.replaceCertificate(chain: chain, key: key)
            #expect(
                try await Self.health(
                    "localhost", server.port, authority: DevelopmentCertificates.authorityPath(in: other.path)) == 200)
            await #expect(throws: (any Error).self) {
                try await Self.health("localhost", server.port, authority: server.authority)
            }
            // What was open goes on as it was.
            var writer = try await TestDevice.enrolled("anna", server, client)
            try await server.write(["a"], by: &writer, client)
            #expect(try await stream.run().rows == 1)
        }
    }

    private static func speak(_ server: TestServer, _ ciphers: [NIOTLSCipher], _ version: TLSVersion) async throws -> Int {
        try await health("localhost", server.port, authority: server.authority) { tls in
            tls.minimumTLSVersion = .tlsv1
            tls.maximumTLSVersion = version
            tls.cipherSuiteValues = ciphers
        }
    }

    private static func health(
        _ host: String, _ port: Int, authority: String, _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> Int {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(authority)
        change(&tls)
        var settings = HTTPClient.Configuration(tlsConfiguration: tls)
        settings.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        do {
            let response = try await client.execute(
                HTTPClientRequest(url: "https://\(host):\(port)/v1/health"), timeout: .seconds(10))
            let status = Int(response.status.code)
            try await client.shutdown()
            return status
        } catch {
            try await client.shutdown()
            throw error
        }
    }
}
