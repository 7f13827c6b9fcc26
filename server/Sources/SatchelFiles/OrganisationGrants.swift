import SatchelPolicy
import SatchelProtocol

/// The grants of one user: `{role, territory | global: true, from, until}` (COMMANDS.md).
extension OrganisationReader {
    mutating func grants(_ entry: YAMLTree.Entry, _ user: String) -> [OrganisationFile.TimedGrant] {
        var out: [OrganisationFile.TimedGrant] = []
        for item in problems.list(entry) ?? [] {
            guard let grant = grant(item, user) else { continue }
            if out.contains(grant) {
                problems.add(item.line, "The same grant is listed twice.", remedy: "Keep one of them.")
            } else {
                out.append(grant)
            }
        }
        return out
    }

    private mutating func grant(_ item: YAMLTree, _ user: String) -> OrganisationFile.TimedGrant? {
        guard let keys = problems.keys(of: item, "a grant", ["role", "territory", "global", "from", "until"]) else {
            return nil
        }
        let role = problems.require(keys, "role", item.line, "The grant").flatMap { self.role($0) }
        let scope = scope(keys, item.line)
        let from = keys["from"].flatMap { moment($0) }
        let until = keys["until"].flatMap { moment($0) }
        if let from, let until, until <= from {
            problems.add(item.line, "The grant ends before it begins.", remedy: "Write an until that is later than from.")
        }
        guard let role, let scope else { return nil }
        return .init(grant: Organisation.Grant(user: user, role: role, scope: scope), from: from, until: until)
    }

    private mutating func role(_ entry: YAMLTree.Entry) -> String? {
        guard let role = problems.text(entry.value, "role", line: entry.line) else { return nil }
        if policy.roleIndex(role) != nil { return role }
        problems.add(
            entry.line, "The policy has no role \(quoted(role)).", remedy: "Grant a role of the policy.", code: .roleUnknown)
        return nil
    }

    private mutating func scope(_ keys: [String: YAMLTree.Entry], _ line: Int) -> Scope? {
        switch (keys["territory"], keys["global"]) {
        case (let entry?, nil):
            guard let id = problems.text(entry.value, "territory", line: entry.line) else { return nil }
            if territoryIDs.contains(id) { return .territory(id) }
            problems.add(
                entry.line, "There is no territory \(quoted(id)).", remedy: "Name a territory of this file.",
                code: .territoryUnknown)
            return nil
        case (nil, let entry?):
            guard let isGlobal = problems.boolean(entry) else { return nil }
            if isGlobal { return .global }
            problems.add(entry.line, "A grant with global: false has no scope.", remedy: "Write global: true, or a territory.")
            return nil
        default:
            problems.add(line, "A grant needs either a territory or global: true.", remedy: "Write exactly one of the two.")
            return nil
        }
    }

    /// A date or time in the forms of `CivilTime.read`, not before 1970.
    private mutating func moment(_ entry: YAMLTree.Entry) -> UInt64? {
        guard let text = problems.text(entry.value, entry.key, line: entry.line) else { return nil }
        if let moment = CivilTime.read(text), moment >= 0 { return UInt64(moment) }
        problems.add(
            entry.line, "\(entry.key) must be a date or time after 1970; \(quoted(text)) is neither.",
            remedy: "Write 2026-11-22, or 2026-11-22T06:30:00Z.")
        return nil
    }
}
