import Foundation
import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// The server itself: how it is, and its certificate.
extension AdminService {
    func status() throws -> ServerStatus {
        let (rules, head) = try host.store.read { reader in
            let head = try reader.head()
            return (try reader.governance(at: head.position), head)
        }
        return ServerStatus(
            organisation: host.store.organisation, schema: rules.schema.name, schemaVersion: rules.schema.version,
            policy: rules.policy.name, policyVersion: rules.policy.version, isServing: host.address != nil,
            address: host.address,
            epoch: head.epoch.description, position: head.position.number, territories: rules.organisation.territories.count,
            users: rules.organisation.users.count,
            replicas: try replicas().count { !$0.isRevoked },
            grants: rules.organisation.grants.count, scheduledGrants: try grants.scheduled().count, storeBytes: storeBytes(),
            certificateExpires: (try? CertificateFolder(folder).read())?.expires)
    }

    private func storeBytes() -> Int {
        ["", "-wal"].reduce(0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.storePath + suffix)
            return sum + ((attributes?[.size] as? Int) ?? 0)
        }
    }

    /// New connections get the new certificate; open ones keep theirs.
    func replaceCertificate(_ files: CertificateFiles) async throws -> CertificateReply {
        let reply = try CertificateFolder(folder).replace(files, now: milliseconds())
        try await host.use(files)
        return reply
    }
}
