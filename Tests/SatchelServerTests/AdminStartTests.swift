import Foundation
import SatchelFiles
import SatchelPolicy
import SatchelEngine
import Logging
import SatchelProtocol
import Testing

@testable import SatchelServer

/// `init`: all of it or nothing.
@Suite struct AdminStartTests {
    private func withWorld(_ body: (AdminWorld) throws -> Void) async throws {
        try await AdminWorld.withFiles { files in
            try AdminWorld.write(AdminWorld.organisation, to: files)
            try body(AdminWorld(folder: DataFolder(files + "/d"), files: files))
        }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func makesAFolderForItsOwnerAlone() async throws {
        try await withWorld { (world: AdminWorld) throws in
            let result = try world.start()
            #expect(result.territories == 3)
            #expect(result.users == 2)
            #expect(result.authority == world.folder.authorityPath)
            #expect(try mode(world.folder.path) == 0o700)
            #expect(try mode(world.folder.tlsPath) == 0o700)
            #expect(try mode(world.folder.storePath) == 0o600)
            #expect(try mode(world.folder.keyPath) == 0o600)
            #expect(try world.governance().organisation.grants.count == 1)
            #expect { try world.start() } throws: { ($0 as? SatchelError)?.code == .alreadyExists }
        }
    }

    @Test func twoOrganisationsOfOneSchemaHaveDifferentNames() async throws {
        try await withWorld { (world: AdminWorld) throws in
            let other = AdminWorld(folder: DataFolder(world.files + "/e"), files: world.files)
            #expect(try world.start().organisation != other.start().organisation)
        }
    }

    @Test func namesEveryProblemOfAFileALine() async throws {
        try await withWorld { (world: AdminWorld) throws in
            try "schema: small\nversion: 1\ntables:\n  a:\n    partition: [nowhere]\n    fields: {x: {type: colour}}\n".write(
                toFile: world.files + "/schema.yaml", atomically: true, encoding: .utf8)
            #expect {
                try world.start()
            } throws: { error in
                let message = (error as? SatchelError)?.message ?? ""
                return message.contains("schema.yaml:5:") && message.contains("schema.yaml:6:")
            }
            #expect(!FileManager.default.fileExists(atPath: world.folder.path))
        }
    }

    @Test func missingFilesAreNamed() async throws {
        try await withWorld { (world: AdminWorld) throws in
            #expect { try world.start(policy: "/nowhere/policy.yaml") } throws: { error in
                (error as? SatchelError)?.code == .fileInvalid && "\(error)".contains("policy.yaml")
            }
        }
    }

    @Test func importIsNoUser() async throws {
        try await withWorld { (world: AdminWorld) throws in
            try AdminWorld.write(AdminWorld.organisation + "\n  - {id: import, name: I}\n", to: world.files)
            #expect { try world.start() } throws: { ($0 as? SatchelError)?.code == .fileInvalid }
        }
    }

    @Test func givenCertificateMustBeAPair() async throws {
        try await withWorld { (world: AdminWorld) throws in
            try DevelopmentCertificates.create(in: world.files)
            let other = world.files + "/other"
            try DevelopmentCertificates.create(in: other)
            let chain = DevelopmentCertificates.certificatePath(in: world.files)
            #expect {
                try world.start(certificate: (chain, DevelopmentCertificates.keyPath(in: other)))
            } throws: { ($0 as? SatchelError)?.code == .fileInvalid }
            #expect(!world.folder.holdsStore)
            let result = try world.start(certificate: (chain, DevelopmentCertificates.keyPath(in: world.files)))
            #expect(result.authority == nil)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: world.folder.certificatePath))
                    == Data(contentsOf: URL(fileURLWithPath: chain)))
            #expect(!FileManager.default.fileExists(atPath: world.folder.authorityPath))
        }
    }

    @Test func expiredCertificateIsRefused() async throws {
        try await AdminWorld.with { (world: AdminWorld) async throws in
            let old = world.files + "/old"
            try DevelopmentCertificates.create(in: old, now: Date(timeIntervalSinceNow: -1000 * 86_400))
            let files = try CertificateFiles.load(
                certificate: DevelopmentCertificates.certificatePath(in: old), key: DevelopmentCertificates.keyPath(in: old))
            let before = try Data(contentsOf: URL(fileURLWithPath: world.folder.certificatePath))
            #expect(try await world.code(.certificate(files)) == .certificateInvalid)
            #expect(try Data(contentsOf: URL(fileURLWithPath: world.folder.certificatePath)) == before)

            let new = world.files + "/new"
            try DevelopmentCertificates.create(in: new)
            let good = try CertificateFiles.load(
                certificate: DevelopmentCertificates.certificatePath(in: new), key: DevelopmentCertificates.keyPath(in: new))
            guard case .certificate(let reply) = try await world.ask(.certificate(good)) else {
                throw OtherAnswer()
            }
            #expect(reply.subject.contains("localhost"))
            #expect(try String(contentsOfFile: world.folder.certificatePath, encoding: .utf8) == good.chain)
            #expect(try mode(world.folder.keyPath) == 0o600)
        }
    }

    @Test func foldersThatAreNoneAreNamed() async throws {
        try await AdminWorld.withFiles { files in
            for folder in [DataFolder(files + "/none"), DataFolder(files)] {
                await #expect {
                    try await AdminGateway.open(folder, logger: .init(label: "test"))
                } throws: { ($0 as? SatchelError)?.code == .dataFolderInvalid }
            }
        }
    }
}
