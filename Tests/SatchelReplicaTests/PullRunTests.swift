import Foundation
import SatchelCore
import SatchelProtocol
import SatchelWire
import Testing

@testable import SatchelReplica

@Suite struct PullRunTests {
    /// More than one reading of the disk takes.
    private static let frames: [PullFrame] =
        Sample.load((0..<20).map { batch in Sample.rows((batch * 1000)..<(batch * 1000 + 1000)) }, to: 3) + [
            Sample.checkpoint(3)
        ]

    private func run(memoryBytes: Int, _ folder: TestFolder) throws -> PullRun {
        var run = PullRun(memoryBytes: memoryBytes, path: folder.file("satchel.sqlite"))
        for frame in Self.frames { try run.append(frame, encoded: try frame.wireBytes()) }
        return run
    }

    @Test(arguments: [0, 1, 50_000, 400_000, 10_000_000])
    func whatGoesToTheDiskComesBackInOrder(memoryBytes: Int) throws {
        let folder = try TestFolder()
        let run = try run(memoryBytes: memoryBytes, folder)
        let encoded = try Self.frames.reduce(0) { $0 + (try $1.wireBytes().count) }
        #expect(encoded > 600_000)
        #expect(Array(run) == Self.frames)
        // It can be read again, as a transaction that is rolled back will.
        #expect(Array(run) == Self.frames)
        try run.check()
        #expect(run.rows == 20_000)
        #expect(run.begin?.to == Position(3))
        #expect(run.checkpoint?.cursor.position == Position(3))
    }

    @Test func nothingOfItHasAName() throws {
        let folder = try TestFolder()
        let run = try run(memoryBytes: 0, folder)
        #expect(folder.names.isEmpty)
        #expect(Array(run).count == Self.frames.count)
    }

    @Test func aFolderThatIsGoneIsAnError() throws {
        var run = PullRun(memoryBytes: 0, path: "/nowhere/at/all/satchel.sqlite")
        #expect(throws: SatchelError.self) { try run.append(Self.frames[0], encoded: try Self.frames[0].wireBytes()) }
    }
}
