import Crypto
import Foundation
import SatchelCore
import SatchelProtocol
import Testing

/// What a device signs, and that signatures made elsewhere (OpenSSL made those of the vectors) hold over it.
@Suite struct SignatureTests {
    private struct File: Decodable {
        struct Enrolment: Decodable {
            let code: String
            let content: String
            let signature: String
        }
        struct Token: Decodable {
            let organisation: String
            let replica: String
            let nonce: String
            let content: String
            let signature: String
        }
        let privateKey: String
        let publicKey: String
        let enrolment: Enrolment
        let token: Token
    }

    private func bytes(_ hexadecimal: String) throws -> [UInt8] { try #require(Hexadecimal.bytes(hexadecimal)) }

    @Test func vectors() throws {
        let file = try JSONDecoder().decode(File.self, from: Repository.data("protocol/vectors/signatures.json"))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes(file.privateKey)).publicKey
        let publicKey = Array(key.rawRepresentation)
        #expect(Hexadecimal.text(publicKey) == file.publicKey)

        let enrolment = SignedContent.enrolment(code: file.enrolment.code, publicKey: publicKey)
        #expect(Hexadecimal.text(enrolment) == file.enrolment.content)
        #expect(key.isValidSignature(try bytes(file.enrolment.signature), for: enrolment))

        let token = SignedContent.token(
            organisation: file.token.organisation, replica: try #require(ReplicaID(file.token.replica)),
            nonce: try bytes(file.token.nonce))
        #expect(Hexadecimal.text(token) == file.token.content)
        #expect(key.isValidSignature(try bytes(file.token.signature), for: token))
        #expect(!key.isValidSignature(try bytes(file.token.signature), for: enrolment))
    }

    /// No two requests have one content: lengths are part of it.
    @Test func contentsStayApart() {
        let one = SignedContent.enrolment(code: "AB", publicKey: [1, 2, 3])
        let other = SignedContent.enrolment(code: "AB\u{1}", publicKey: [2, 3])
        #expect(one != other)
        let replica = ReplicaID(7)
        #expect(
            SignedContent.token(organisation: "a", replica: replica, nonce: [1])
                != SignedContent.token(organisation: "b", replica: replica, nonce: [1]))
        #expect(
            SignedContent.token(organisation: "a", replica: replica, nonce: [1])
                != SignedContent.token(organisation: "a", replica: ReplicaID(8), nonce: [1]))
    }
}
