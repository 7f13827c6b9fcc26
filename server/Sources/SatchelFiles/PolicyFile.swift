import SatchelCore
import SatchelPolicy
import SatchelProtocol

/// `policy.yaml`: the roles and what each may do (DESIGN §7, §13).
public enum PolicyFile {
    /// - Parameter path: at most 2 MiB are read.
    public static func load(path: String, schema: Schema) throws(FileProblems) -> Policy {
        try read(try TextFile.bytes(path: path, most: FileLimits.definitionBytes), file: TextFile.name(path), schema: schema)
    }

    /// - Parameters:
    ///   - file: what problems shall call it.
    ///   - schema: the one whose tables and fields the roles name.
    /// - Throws: all problems found.
    public static func read(
        _ bytes: some Collection<UInt8>, file: String, schema: Schema
    ) throws(FileProblems) -> Policy {
        let tree = try YAMLReader.read(bytes, file: file, most: FileLimits.definitionBytes)
        var reader = PolicyReader(problems: ProblemList(file: file), schema: schema)
        let policy = reader.policy(tree)
        try reader.problems.throwIfAny()
        return policy
    }
}

struct PolicyReader {
    /// A role as written, before the roles that it includes are added.
    struct Draft {
        let name: String
        var includes: [Include] = []
        var rights: [Int: Rights] = [:]
        /// Where this role itself says `create`, by table.
        var createLines: [Int: Int] = [:]
    }

    struct Include {
        let name: String
        let line: Int
    }

    var problems: ProblemList
    let schema: Schema
    /// All that the file declares, and the two that always exist.
    var roleNames: Set<String> = [Policy.everyone, Policy.owner]

    init(problems: ProblemList, schema: Schema) {
        self.problems = problems
        self.schema = schema
    }

    mutating func policy(_ tree: YAMLTree) -> Policy {
        let known = ["policy", "version", "precedence", "graceDays", "roles"]
        let keys = problems.keys(of: tree, "a policy", known, unbuilt: ["transitions"]) ?? [:]
        let name = problems.require(keys, "policy", tree.line, "The policy").flatMap { policyName($0) }
        let version = problems.require(keys, "version", tree.line, "The policy").flatMap {
            problems.integer($0, 1...Int(Int32.max))
        }
        let graceDays = keys["graceDays"].flatMap { problems.integer($0, 0...FileLimits.graceDays) }
        var roles: [Policy.Role] = []
        if let entry = problems.require(keys, "roles", tree.line, "The policy") { roles = self.roles(entry) }
        let precedence = keys["precedence"].map { self.precedence($0) } ?? []
        return Policy(
            name: name ?? "", version: version ?? 0, graceDays: graceDays ?? 30, precedence: precedence, roles: roles)
    }

    private mutating func policyName(_ entry: YAMLTree.Entry) -> String? {
        problems.text(entry.value, "The policy's name", line: entry.line).flatMap {
            problems.checkName($0, "a policy", entry.line) ? $0 : nil
        }
    }

    private mutating func precedence(_ entry: YAMLTree.Entry) -> [String] {
        var out: [String] = []
        for item in problems.list(entry) ?? [] {
            guard let role = problems.text(item, "A role"), isKnown(role, item.line) else { continue }
            if out.contains(role) {
                problems.add(item.line, "The role \(role) is listed twice.", remedy: "Keep one of them.")
            } else {
                out.append(role)
            }
        }
        return out
    }

    mutating func isKnown(_ role: String, _ line: Int) -> Bool {
        if roleNames.contains(role) { return true }
        problems.add(
            line, "There is no role \(quoted(role)).", remedy: "Name a role of this policy, or declare it under roles.",
            code: .roleUnknown)
        return false
    }

    private mutating func roles(_ entry: YAMLTree.Entry) -> [Policy.Role] {
        guard let entries = problems.entries(of: entry.value, "the roles") else { return [] }
        roleNames.formUnion(entries.map(\.key))
        if roleNames.count > Limits.policyRoles {
            problems.add(
                entry.line, "The policy has \(roleNames.count) roles, everyone and owner among them.",
                remedy: "\(Limits.policyRoles) are the most.", code: .tooLarge)
        }
        let drafts = entries.map { role($0) }
        let rights = flattened(drafts)
        checkRequired(drafts, rights)
        return drafts.map { Policy.Role(name: $0.name, rights: rights[$0.name] ?? [:]) }
    }

    private mutating func role(_ entry: YAMLTree.Entry) -> Draft {
        var draft = Draft(name: entry.key)
        _ = problems.checkName(entry.key, "a role", entry.line)
        for part in problems.entries(of: entry.value, "a role") ?? [] {
            if part.key == "include" {
                draft.includes = include(part)
            } else if let table = schema.tableIndex(part.key) {
                draft.rights[table] = rights(part, schema.tables[table])
                if case .map(let keys) = part.value.kind, let create = keys.first(where: { $0.key == "create" }) {
                    draft.createLines[table] = create.line
                }
            } else {
                problems.add(
                    part.line, "The schema has no table \(quoted(part.key)).", remedy: "Name one of its tables, or include.",
                    code: .unknownTable)
            }
        }
        return draft
    }

    private mutating func include(_ entry: YAMLTree.Entry) -> [Include] {
        (problems.list(entry) ?? []).compactMap { item in
            guard let role = problems.text(item, "A role"), isKnown(role, item.line) else { return nil }
            return Include(name: role, line: item.line)
        }
    }
}
