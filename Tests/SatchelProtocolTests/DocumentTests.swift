import Crypto
import Foundation
import SatchelCore
import SatchelProtocol
import Testing

/// The documents in `protocol/` against the code.
@Suite struct DocumentTests {
    /// ERRORS.md lists every code, once, with all its columns, and no other.
    @Test func errors() throws {
        let rows = try Repository.tableRows("protocol/ERRORS.md").filter { $0.first?.hasPrefix("`") == true }
        let listed = rows.map { $0[0].trimmingCharacters(in: CharacterSet(charactersIn: "`")) }
        let codes = ErrorCode.all.map(\.rawValue)
        #expect(Set(codes).count == codes.count)
        #expect(Set(listed).count == listed.count)
        for code in codes where !listed.contains(code) { Issue.record("ERRORS.md does not list \(code).") }
        for code in listed where !codes.contains(code) { Issue.record("ERRORS.md lists \(code), which is no code.") }
        for row in rows {
            #expect(row.count == 4, "\(row[0])")
            #expect(row.count > 3 && !row[1].isEmpty && !row[3].isEmpty, "\(row[0])")
        }
    }

    /// Every code that the source declares is in `ErrorCode.all`.
    @Test func everyDeclaredCodeIsListed() throws {
        let source = try Repository.text("protocol/Sources/SatchelProtocol/ErrorCode.swift")
        let declared = source.split(separator: "\n").compactMap { line -> String? in
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
            guard line.contains("public static let"), parts.count == 3 else { return nil }
            return String(parts[1])
        }
        #expect(declared.count > 50)
        #expect(Set(declared) == Set(ErrorCode.all.map(\.rawValue)))
    }

    /// The schema of the wire changes only with an entry in VERSIONS.md that says why.
    @Test func versions() throws {
        let folder = "protocol/schema/satchel/v1"
        var hasher = SHA256()
        for name in try Repository.names(in: folder) where name.hasSuffix(".proto") {
            hasher.update(data: try Repository.data("\(folder)/\(name)"))
        }
        let hash = Hexadecimal.text(hasher.finalize())
        let entries = try Repository.tableRows("protocol/VERSIONS.md").filter { $0.first.flatMap { Int($0) } != nil }
        let newest = try #require(entries.first)
        #expect(newest.count == 4)
        #expect(newest[0] == String(Limits.wireVersion))
        #expect(
            newest[2] == hash,
            "The .proto files changed: enter \(hash) in VERSIONS.md, with the reason, and run scripts/generate-protos.sh.")
        #expect(newest.count == 4 && newest[1].wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil && !newest[3].isEmpty)
        #expect(entries.compactMap { Int($0[0]) } == entries.compactMap { Int($0[0]) }.sorted(by: >))
        #expect(Set(entries.map { $0[2] }).count == entries.count)
    }

    /// Whoever changes the schema makes the code anew: each generated file has the messages of its source.
    @Test func generatedCodeIsOfTheseFiles() throws {
        for name in try Repository.names(in: "protocol/schema/satchel/v1") {
            let generated = try Repository.text(
                "protocol/Sources/SatchelWire/Generated/\(name.replacingOccurrences(of: ".proto", with: ".pb.swift"))")
            let source = try Repository.text("protocol/schema/satchel/v1/\(name)")
            for line in source.split(separator: "\n") {
                if let message = line.wholeMatch(of: /message (\w+) \{\}?/) {
                    #expect(generated.contains("struct Satchel_V1_\(message.1):"), "\(name): \(message.1)")
                }
            }
        }
    }

    /// PROPERTIES.md names tests that are there, and states every invariant.
    @Test func properties() throws {
        let text = try Repository.text("protocol/PROPERTIES.md")
        for number in 1...15 { #expect(text.contains("\n**\(number). "), "\(number)") }
        let named = text.matches(of: /`(\w+)\/(\w+Tests)`/)
        #expect(named.count > 10)
        for match in named { #expect(Repository.exists("Tests/\(match.1)/\(match.2).swift"), "\(match.1)/\(match.2)") }
    }

    /// The limits that SPEC.md states are those of the code.
    @Test func specificationStatesTheLimits() throws {
        let rows = try Repository.tableRows("protocol/SPEC.md")
        func stated(_ item: String) -> String? { rows.first { $0.first == item }?.last }
        func mebibytes(_ bytes: Int) -> String { "\(bytes / 1024 / 1024) MiB" }
        func grouped(_ number: Int) -> String {
            let digits = String(number)
            return digits.count > 3 ? digits.dropLast(3) + "," + digits.suffix(3) : digits
        }
        #expect(stated("a frame's body") == mebibytes(Limits.frameBytes))
        #expect(stated("messages nested in one frame") == grouped(Limits.frameParts))
        #expect(stated("a text or blob value") == mebibytes(Limits.valueBytes))
        #expect(stated("a transaction's payload") == mebibytes(Limits.transactionBytes))
        #expect(
            stated("its changes; its cells; its resolutions")
                == [Limits.transactionChanges, Limits.transactionCells, Limits.transactionChanges].map(grouped)
                .joined(separator: "; "))
        #expect(
            stated("a push request")
                == "\(grouped(Limits.pushRequestTransactions)) transactions; \(mebibytes(Limits.pushBodyBytes)) in all")
        #expect(
            stated("a row batch") == "\(grouped(Limits.batchRows)) rows; closes at \(mebibytes(Limits.batchBytes)) of values")
        #expect(
            stated("fields of a table; tables of a schema; roles of a policy")
                == "\(Limits.tableFields); \(Limits.schemaTables); \(Limits.policyRoles)")
        #expect(stated("a table's or field's name") == "\(Limits.nameBytes) bytes, no NUL")
        #expect(stated("a row id") == "\(RowID.maximumBytes) bytes")
        #expect(stated("a user's or territory's id") == "\(Limits.scopeNameBytes) bytes")
        #expect(stated("the bodies of enrol, nonce and token") == "\(Limits.unauthenticatedBytes / 1024) KiB")
        #expect(stated("TLS handshake") == String(Limits.handshakeSeconds))
        #expect(stated("the head of a request, or the next part of its body") == String(Limits.requestIdleSeconds))
        #expect(stated("the whole body of enrol, nonce, token or pull") == String(Limits.smallBodySeconds))
        #expect(stated("heartbeat on a live pull, when nothing else is sent") == String(Limits.heartbeatSeconds))
        #expect(stated("silence after which a client of a live pull connects anew") == String(Limits.silenceSeconds))
        #expect(stated("a nonce may be signed for") == String(Limits.nonceSeconds))
        #expect(stated("a token is good for") == "\(Limits.tokenSeconds), or as the reply says")
        #expect(stated("an enrolment code is good for") == String(Limits.enrolmentCodeSeconds))
    }
}
