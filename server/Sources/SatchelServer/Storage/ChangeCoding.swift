import SatchelCore
import SatchelEngine
import SatchelPolicy

/// Changes of the rules, as the payload of their log entry.
extension RuleCoding {
    private static let changesVersion: UInt8 = 1

    static func encode(_ changes: [GovernanceChange]) -> [UInt8] {
        var out = ByteWriter()
        out.byte(changesVersion)
        out.varint(UInt64(changes.count))
        for change in changes {
            switch change {
            case .territory(let territory):
                out.byte(1)
                out.text(territory.id)
                out.text(territory.name)
                out.text(territory.parent)
            case .user(let user):
                out.byte(2)
                out.text(user.id)
                out.text(user.name)
                out.byte(user.isDisabled ? 1 : 0)
            case .grant(let grant), .revoke(let grant):
                if case .grant = change { out.byte(3) } else { out.byte(4) }
                out.text(grant.user)
                out.text(grant.role)
                out.text(grant.scope.description)
            }
        }
        return out.bytes
    }

    static func decodeChanges(_ bytes: [UInt8]) throws(DecodingFault) -> [GovernanceChange] {
        var reader = ByteReader(bytes)
        try reader.version(changesVersion)
        var changes: [GovernanceChange] = []
        for _ in 0..<(try reader.count()) {
            let tag = try reader.byte()
            switch tag {
            case 1:
                let id = try reader.text()
                let name = try reader.text()
                changes.append(.territory(Organisation.Territory(id: id, name: name, parent: try reader.optionalText())))
            case 2:
                let id = try reader.text()
                let name = try reader.text()
                changes.append(.user(Organisation.User(id: id, name: name, isDisabled: try reader.flag())))
            case 3: changes.append(.grant(try decodeGrant(&reader)))
            case 4: changes.append(.revoke(try decodeGrant(&reader)))
            default: throw .invalidTag(tag)
            }
        }
        try reader.finish()
        return changes
    }

    private static func decodeGrant(_ reader: inout ByteReader) throws(DecodingFault) -> Organisation.Grant {
        let user = try reader.text()
        let role = try reader.text()
        guard let scope = Scope(try reader.text()) else { throw .invalidText }
        return Organisation.Grant(user: user, role: role, scope: scope)
    }
}
