import Crypto
import Foundation
import SatchelProtocol
import SatchelReplica
import Testing

@Suite struct KeyStoreTests {
    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func aKeyFileIsPrivateFromTheStart() throws {
        let folder = try TestFolder()
        let store = FileKeyStore(path: folder.file("a.key"))
        let publicKey = try store.make()
        #expect(publicKey.count == 32)
        #expect(try mode(folder.file("a.key.new")) == 0o600)
        #expect(try store.load(.current) == nil)
        try store.promote()
        #expect(try mode(folder.file("a.key")) == 0o600)
        #expect(try store.load(.current) == publicKey)
        #expect(try store.load(.candidate) == nil)
        #expect(folder.names == ["a.key"])
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o644, 0o610])
    func aKeyThatOthersMayReadIsNotUsed(mode: Int) throws {
        let folder = try TestFolder()
        let store = FileKeyStore(path: folder.file("a.key"))
        _ = try store.make()
        try store.promote()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.file("a.key"))
        #expect { try store.sign([1], with: .current) } throws: { ($0 as? SatchelError)?.code == .keyNotPrivate }
        #expect { try store.load(.current) } throws: { ($0 as? SatchelError)?.code == .keyNotPrivate }
    }

    @Test func aMissingOrBrokenKeyIsNamed() throws {
        let folder = try TestFolder()
        let store = FileKeyStore(path: folder.file("a.key"))
        #expect { try store.sign([1], with: .current) } throws: { ($0 as? SatchelError)?.code == .keyMissing }
        for size in [0, 31, 33, 4096] {
            let made = FileManager.default.createFile(
                atPath: folder.file("a.key"), contents: Data(count: size), attributes: [.posixPermissions: 0o600])
            #expect(made)
            #expect { try store.load(.current) } throws: { ($0 as? SatchelError)?.code == .fileDamaged }
        }
        let nowhere = FileKeyStore(path: folder.file("none/a.key"))
        #expect { try nowhere.make() } throws: { ($0 as? SatchelError)?.code == .keyMissing }
    }

    /// A new key never goes into a file, or through a link, that someone else put there.
    @Test func aLinkInTheWayIsNotFollowed() throws {
        let folder = try TestFolder()
        let store = FileKeyStore(path: folder.file("a.key"))
        try Data("precious".utf8).write(to: URL(filePath: folder.file("victim")))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("a.key.new"), withDestinationPath: folder.file("victim"))
        _ = try store.make()
        #expect(try Data(contentsOf: URL(filePath: folder.file("victim"))) == Data("precious".utf8))
    }

    @Test func theCurrentKeyStaysUntilTheCandidateIsPromoted() throws {
        let folder = try TestFolder()
        for store in [FileKeyStore(path: folder.file("a.key")), MemoryKeyStore()] as [any KeyStore] {
            let first = try store.make()
            try store.promote()
            let second = try store.make()
            #expect(first != second)
            #expect(try store.load(.current) == first)
            let content = Array("content".utf8)
            for (key, slot) in [(first, KeySlot.current), (second, .candidate)] {
                let verifier = try Curve25519.Signing.PublicKey(rawRepresentation: key)
                #expect(verifier.isValidSignature(try store.sign(content, with: slot), for: content))
            }
            try store.promote()
            #expect(try store.load(.current) == second)
            try store.promote()
            #expect(try store.load(.current) == second)
        }
    }
}
