import Foundation
import SatchelCore
import SatchelEngine
import SatchelFiles
import SatchelPolicy
import SatchelProtocol

/// `satcheld init`: makes the data folder of a new organisation from the three files, all of it or nothing.
public struct OrganisationStart: Sendable {
    public struct Result: Sendable, Hashable {
        /// Names the organisation for ever.
        public let organisation: String
        public let territories: Int
        public let users: Int
        /// What clients have to trust; nil where the admin brought a certificate.
        public let authority: String?
    }

    private struct Rules {
        let governance: Governance
        let scheduled: [ScheduledGrant]
    }

    private let folder: DataFolder
    private let milliseconds: ServerClock

    public init(_ folder: DataFolder, milliseconds: @escaping ServerClock = systemClock) {
        self.folder = folder
        self.milliseconds = milliseconds
    }

    /// - Parameters:
    ///   - schema, policy, organisation: paths of YAML files.
    ///   - certificate: a PEM chain and its key; nil for a development authority and a certificate for this machine.
    /// - Throws: `SatchelError`; for the files its message names every problem, one a line.
    public func run(
        schema: String, policy: String, organisation: String, certificate: (chain: String, key: String)?
    ) throws -> Result {
        let now = milliseconds()
        let rules = try load(schema, policy, organisation, now)
        let files = try certificate.map { try CertificateFolder.load(certificate: $0.chain, key: $0.key) }
        if let files { _ = try CertificateFolder.check(files, now) }
        try folder.create()
        // For as long as this takes: no other init, no server.
        guard let lock = try FolderLock.take(folder) else { throw AdminGateway.busy(folder) }
        return try withExtendedLifetime(lock) {
            if folder.holdsStore { try folder.create() }
            return try make(rules, files, now)
        }
    }

    private func load(_ schema: String, _ policy: String, _ organisation: String, _ now: UInt64) throws -> Rules {
        do {
            let schema = try SchemaFile.load(path: schema)
            let policy = try PolicyFile.load(path: policy, schema: schema)
            let file = try OrganisationFile.load(path: organisation, policy: policy)
            guard !file.users.contains(where: { $0.id == ImportLander.user }) else {
                throw SatchelError(
                    .fileInvalid, "The user id \(ImportLander.user) is the server's own, for what imports write.",
                    remedy: "Choose another id in the organisation's file.")
            }
            return Rules(
                governance: Governance(schema: schema, policy: policy, organisation: file.organisation(at: now)),
                scheduled: TimedGrants.schedule(file.grants, after: now))
        } catch let problems as FileProblems {
            throw problems.satchelError
        }
    }

    /// The store comes last: a folder without it is no organisation, and may be begun again.
    private func make(_ rules: Rules, _ files: CertificateFiles?, _ now: UInt64) throws -> Result {
        let had = Set((try? FileManager.default.contentsOfDirectory(atPath: folder.tlsPath)) ?? [])
        do {
            try folder.createTLS()
            if let files {
                _ = try CertificateFolder(folder).replace(files, now: now)
            } else {
                try DevelopmentCertificates.create(in: folder.path, now: Date(timeIntervalSince1970: Double(now) / 1000))
            }
            let name = "\(rules.governance.schema.name)-\(Hexadecimal.text(UInt64.random(in: .min ... .max)))"
            let store = try SQLiteServerStore.create(
                at: folder.storePath, organisation: name, governance: rules.governance)
            try GrantSchedule(store.pool).add(rules.scheduled)
            try store.close()
            return Result(
                organisation: name, territories: rules.governance.organisation.territories.count,
                users: rules.governance.organisation.users.count, authority: files == nil ? folder.authorityPath : nil)
        } catch {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.tlsPath)) ?? [] where !had.contains(name) {
                unlink(folder.tlsPath + "/" + name)
            }
            throw error
        }
    }
}
