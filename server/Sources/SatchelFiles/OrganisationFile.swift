import SatchelPolicy
import SatchelProtocol

/// `organisation.yaml`: the territory tree, the users and their grants, some of them for a time (DESIGN §13).
public struct OrganisationFile: Sendable, Hashable {
    /// A grant and when it is in force.
    public struct TimedGrant: Sendable, Hashable {
        public let grant: Organisation.Grant
        /// Unix milliseconds of the first moment; nil for "always has been".
        public let from: UInt64?
        /// Unix milliseconds of the first moment after; nil for "until revoked".
        public let until: UInt64?

        public init(grant: Organisation.Grant, from: UInt64? = nil, until: UInt64? = nil) {
            self.grant = grant
            self.from = from
            self.until = until
        }

        public func isInForce(at milliseconds: UInt64) -> Bool {
            (from ?? 0) <= milliseconds && until.map { milliseconds < $0 } ?? true
        }
    }

    /// Parents before their children; the first is the root.
    public let territories: [Organisation.Territory]
    /// In the order of the file.
    public let users: [Organisation.User]
    /// In the order of the file.
    public let grants: [TimedGrant]

    public init(territories: [Organisation.Territory], users: [Organisation.User], grants: [TimedGrant]) {
        self.territories = territories
        self.users = users
        self.grants = grants
    }

    /// What holds at one moment, in Unix milliseconds.
    public func organisation(at milliseconds: UInt64) -> Organisation {
        Organisation(
            territories: Dictionary(territories.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }),
            users: Dictionary(users.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }),
            grants: Set(grants.filter { $0.isInForce(at: milliseconds) }.map(\.grant)))
    }

    /// - Parameter path: at most 16 MiB are read.
    public static func load(path: String, policy: Policy) throws(FileProblems) -> OrganisationFile {
        let bytes = try TextFile.bytes(path: path, most: FileLimits.organisationBytes)
        return try read(bytes, file: TextFile.name(path), policy: policy)
    }

    /// - Parameters:
    ///   - file: what problems shall call it.
    ///   - policy: the one whose roles the grants name.
    /// - Throws: all problems found.
    public static func read(
        _ bytes: some Collection<UInt8>, file: String, policy: Policy
    ) throws(FileProblems) -> OrganisationFile {
        let tree = try YAMLReader.read(bytes, file: file, most: FileLimits.organisationBytes)
        var reader = OrganisationReader(problems: ProblemList(file: file), policy: policy)
        let organisation = reader.organisation(tree)
        try reader.problems.throwIfAny()
        return organisation
    }
}

struct OrganisationReader {
    var problems: ProblemList
    let policy: Policy
    var territoryIDs: Set<String> = []

    init(problems: ProblemList, policy: Policy) {
        self.problems = problems
        self.policy = policy
    }

    mutating func organisation(_ tree: YAMLTree) -> OrganisationFile {
        let keys = problems.keys(of: tree, "an organisation", ["territories", "users"]) ?? [:]
        let territories = self.territories(keys["territories"])
        var users: [Organisation.User] = []
        var grants: [OrganisationFile.TimedGrant] = []
        var known: Set<String> = []
        for item in keys["users"].flatMap({ problems.list($0) }) ?? [] {
            guard let user = user(item, &known) else { continue }
            users.append(user.user)
            if let entry = user.grants { grants += self.grants(entry, user.user.id) }
        }
        return OrganisationFile(territories: territories, users: users, grants: grants)
    }

    private mutating func user(
        _ item: YAMLTree, _ known: inout Set<String>
    ) -> (user: Organisation.User, grants: YAMLTree.Entry?)? {
        guard let keys = problems.keys(of: item, "a user", ["id", "name", "grants"]),
            let id = id(keys, item.line, "a user")
        else { return nil }
        if !known.insert(id).inserted {
            problems.add(
                item.line, "The user \(quoted(id)) is there twice.", remedy: "Put all grants of the user in one entry.")
        }
        return (Organisation.User(id: id, name: displayName(keys) ?? id), keys["grants"])
    }

    mutating func id(_ keys: [String: YAMLTree.Entry], _ line: Int, _ what: String) -> String? {
        guard let entry = problems.require(keys, "id", line, "The entry of \(what)"),
            let id = problems.text(entry.value, "id", line: entry.line), problems.checkID(id, what, entry.line)
        else { return nil }
        return id
    }

    mutating func displayName(_ keys: [String: YAMLTree.Entry]) -> String? {
        guard let entry = keys["name"], let name = problems.text(entry.value, "name", line: entry.line) else { return nil }
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        if !isPlain || name.utf8.count > FileLimits.displayNameBytes {
            problems.add(
                entry.line, "\(quoted(name)) cannot be a name.",
                remedy: "Use at most \(FileLimits.displayNameBytes) bytes without control characters.")
        }
        return name
    }
}
