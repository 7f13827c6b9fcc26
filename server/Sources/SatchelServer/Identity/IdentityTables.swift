import Foundation
import GRDB
import SatchelCore
import SatchelProtocol

/// The table `enrolment_code`: hashes of codes, whose they are, until when.
enum CodeTable {
    /// Codes whose time is over go with the next that is made, so that the table stays as small as 15 minutes of them.
    static func insert(_ code: EnrolmentCode, user: String, expires: UInt64, now: UInt64, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM enrolment_code WHERE expires <= ?", arguments: [Int64(clamping: now)])
        try db.execute(
            sql: "INSERT INTO enrolment_code (hash, user, expires) VALUES (?, ?, ?)",
            arguments: [Data(code.hash), user, Int64(clamping: expires)])
    }

    /// - Returns: nil for a code that is unknown, used or over.
    static func owner(of code: EnrolmentCode, now: UInt64, _ db: Database) throws -> String? {
        let row = try Row.fetchOne(
            db, sql: "SELECT hash, user FROM enrolment_code WHERE hash = ? AND used IS NULL AND expires > ?",
            arguments: [Data(code.hash), Int64(clamping: now)])
        guard let row, let hash: Data = row["hash"], equalInConstantTime(hash, code.hash) else { return nil }
        return row["user"]
    }

    static func use(_ code: EnrolmentCode, now: UInt64, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE enrolment_code SET used = ? WHERE hash = ?", arguments: [Int64(clamping: now), Data(code.hash)])
    }
}

/// The table `replica`. Rows stay for ever, revoked or not: an id is never given twice.
enum ReplicaTable {
    static let deviceCharacters = 100

    static func insert(_ request: EnrolRequest, user: String, now: UInt64, _ db: Database) throws -> ReplicaID {
        var random = SystemRandomNumberGenerator()
        var number: UInt64
        repeat {
            number = UInt64.random(in: 1...UInt64(Int64.max), using: &random)
        } while try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM replica WHERE id = ?)", arguments: [Int64(number)]) == true
        try db.execute(
            sql: "INSERT INTO replica (id, user, public_key, device, enrolled, previous) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                Int64(number), user, Data(request.publicKey), printable(request.device), Int64(clamping: now),
                // One that this server does not know means nothing to it.
                try request.previous.flatMap { previous in
                    try self.user(of: previous.replica, db) == nil ? nil : Int64(bitPattern: previous.replica.number)
                },
            ])
        return ReplicaID(number)
    }

    static func user(of replica: ReplicaID, _ db: Database) throws -> String? {
        try String.fetchOne(
            db, sql: "SELECT user FROM replica WHERE id = ?", arguments: [Int64(bitPattern: replica.number)])
    }

    /// - Returns: whether there is such a replica.
    static func revoke(_ replica: ReplicaID, now: UInt64, _ db: Database) throws -> Bool {
        guard try user(of: replica, db) != nil else { return false }
        try db.execute(
            sql: "UPDATE replica SET revoked = ? WHERE id = ? AND revoked IS NULL",
            arguments: [Int64(clamping: now), Int64(bitPattern: replica.number)])
        return true
    }

    /// Those with a device's key: the server's own writers never come through the door.
    static func keys(_ db: Database) throws -> [ReplicaID: ReplicaDirectory.Entry] {
        var entries: [ReplicaID: ReplicaDirectory.Entry] = [:]
        let rows = try Row.fetchCursor(
            db, sql: "SELECT id, user, public_key, revoked FROM replica WHERE public_key IS NOT NULL")
        while let row = try rows.next() {
            let key: Data = row["public_key"]
            let revoked: Int64? = row["revoked"]
            entries[ReplicaID(UInt64(bitPattern: row["id"]))] = ReplicaDirectory.Entry(
                user: row["user"], publicKey: Array(key), isRevoked: revoked != nil)
        }
        return entries
    }

    static func all(_ db: Database) throws -> [EnrolledReplica] {
        try Row.fetchAll(
            db, sql: "SELECT id, user, device, enrolled, revoked, previous FROM replica ORDER BY enrolled, id"
        ).map { row in
            let revoked: Int64? = row["revoked"]
            let previous: Int64? = row["previous"]
            return EnrolledReplica(
                replica: ReplicaID(UInt64(bitPattern: row["id"])), user: row["user"], device: row["device"],
                enrolledMilliseconds: UInt64(clamping: row["enrolled"] as Int64),
                revokedMilliseconds: revoked.map { UInt64(clamping: $0) },
                previous: previous.map { ReplicaID(UInt64(bitPattern: $0)) })
        }
    }

    /// A device calls itself what it likes; in the admin's list it is one short line.
    private static func printable(_ device: String) -> String {
        let shown = device.unicodeScalars.lazy.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: Character(" ")
            default: Character(scalar)
            }
        }
        return String(shown.prefix(deviceCharacters))
    }
}
