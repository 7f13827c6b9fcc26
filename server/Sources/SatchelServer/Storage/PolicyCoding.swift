import SatchelCore
import SatchelPolicy

extension RuleCoding {
    private static let policyVersion: UInt8 = 1

    static func encode(_ policy: Policy) -> [UInt8] {
        var out = ByteWriter()
        out.byte(policyVersion)
        out.text(policy.name)
        out.varint(UInt64(clamping: policy.version))
        out.varint(UInt64(clamping: policy.graceDays))
        out.varint(UInt64(policy.precedence.count))
        for role in policy.precedence { out.text(role) }
        out.varint(UInt64(policy.roles.count))
        for role in policy.roles {
            out.text(role.name)
            out.varint(UInt64(role.rights.count))
            for (table, rights) in role.rights.sorted(by: { $0.key < $1.key }) {
                out.varint(UInt64(table))
                for set in [rights.read, rights.write, rights.createFields] {
                    out.varint(UInt64(set.count))
                    for field in set.members { out.varint(UInt64(field)) }
                }
                out.byte(rights.create ? 1 : 0)
                out.byte(rights.delete ? 1 : 0)
            }
        }
        return out.bytes
    }

    static func decodePolicy(_ bytes: [UInt8]) throws(DecodingFault) -> Policy {
        var reader = ByteReader(bytes)
        try reader.version(policyVersion)
        let name = try reader.text()
        let number = try reader.number()
        let graceDays = try reader.number()
        var precedence: [String] = []
        for _ in 0..<(try reader.count()) { precedence.append(try reader.text()) }
        var roles: [Policy.Role] = []
        for _ in 0..<(try reader.count()) {
            let name = try reader.text()
            var rights: [Int: Rights] = [:]
            for _ in 0..<(try reader.count()) {
                let table = try reader.number()
                let read = try decodeSet(&reader)
                let write = try decodeSet(&reader)
                let createFields = try decodeSet(&reader)
                let create = try reader.flag()
                rights[table] = Rights(
                    read: read, write: write, create: create, createFields: createFields, delete: try reader.flag())
            }
            roles.append(Policy.Role(name: name, rights: rights))
        }
        try reader.finish()
        return Policy(name: name, version: number, graceDays: graceDays, precedence: precedence, roles: roles)
    }

    private static func decodeSet(_ reader: inout ByteReader) throws(DecodingFault) -> FieldSet {
        var set = FieldSet()
        for _ in 0..<(try reader.count()) { set.insert(try reader.index()) }
        return set
    }
}
