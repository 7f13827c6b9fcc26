import SatchelCore
import SatchelProtocol
import SatchelWire

/// The frames of one run of a pull, from begin to checkpoint, until they are applied together. The first of them are held in
/// memory, decoded; what is more goes to the disk as it came.
struct PullRun: Sequence, Sendable {
    private var frames: [PullFrame] = []
    private var spill: SpillFile?
    private var heldBytes = 0
    private let memoryBytes: Int
    private let path: String
    /// Rows received up to here.
    private(set) var rows = 0
    private(set) var begin: PullBegin?
    private(set) var checkpoint: Checkpoint?

    /// - Parameters:
    ///   - memoryBytes: encoded bytes to hold in memory.
    ///   - path: of the replica.
    init(memoryBytes: Int, path: String) {
        self.memoryBytes = memoryBytes
        self.path = path
    }

    mutating func append(_ frame: PullFrame, encoded: [UInt8]) throws {
        switch frame {
        case .begin(let begin): self.begin = begin
        case .checkpoint(let checkpoint): self.checkpoint = checkpoint
        case .rows(let batch): rows += batch.ids.count
        default: break
        }
        heldBytes += encoded.count
        if spill == nil, heldBytes <= memoryBytes {
            frames.append(frame)
            return
        }
        let file = try spill ?? SpillFile(beside: path)
        spill = file
        try file.append(Framing.frame(encoded))
    }

    /// - Throws: what went wrong while the frames were read back from the disk: an iteration ends early then, and what was
    ///   done with its frames must be rolled back.
    func check() throws { try spill?.check() }

    func makeIterator() -> Iterator { Iterator(frames: frames.makeIterator(), spill: spill) }

    struct Iterator: IteratorProtocol {
        fileprivate var frames: IndexingIterator<[PullFrame]>
        fileprivate let spill: SpillFile?
        private var splitter = FrameSplitter()
        private var offset = 0

        private static let pieceBytes = 256 * 1024

        fileprivate init(frames: IndexingIterator<[PullFrame]>, spill: SpillFile?) {
            self.frames = frames
            self.spill = spill
        }

        mutating func next() -> PullFrame? {
            if let frame = frames.next() { return frame }
            guard let spill else { return nil }
            do {
                while true {
                    if let frame = try splitter.next() { return try PullFrame(wireBytes: frame) }
                    let piece = spill.read(at: offset, count: Self.pieceBytes)
                    if piece.isEmpty {
                        try splitter.finish()
                        return nil
                    }
                    offset += piece.count
                    splitter.append(piece)
                }
            } catch {
                spill.fail(error)
                return nil
            }
        }
    }
}
