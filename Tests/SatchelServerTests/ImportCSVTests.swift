import CRMFixtures
import SatchelProtocol
import Testing

@testable import SatchelServer

@Suite struct ImportCSVTests {
    private func read(_ bytes: [UInt8], piece: Int = .max) throws -> [CSVRecord] {
        var rest = bytes[...]
        var reader = CSVReader {
            let next = Array(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            return next
        }
        var records: [CSVRecord] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    private func read(_ text: String) throws -> [CSVRecord] { try read(Array(text.utf8)) }
    private func fields(_ text: String) throws -> [[String]] { try read(text).map(\.fields) }

    @Test func plainRecordsEndWithAnyLineEnd() throws {
        #expect(try fields("a,b\r\nc,d\ne,f\rg,h") == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]])
        #expect(try fields("a,b\r\n") == [["a", "b"]])
        #expect(try fields("") == [])
    }

    @Test func emptyFieldsAreKeptAndEmptyLinesAreNot() throws {
        #expect(try fields(",a,\n\n\r\n,\n") == [["", "a", ""], ["", ""]])
        #expect(try fields("\"\"\n") == [[""]])
    }

    @Test func quotedFieldsKeepEveryByte() throws {
        #expect(try fields("\"a,b\",\" c \",\"say \"\"hi\"\"\"\n") == [["a,b", " c ", "say \"hi\""]])
        #expect(try fields("\"one\r\ntwo\rthree\nfour\",x\n") == [["one\r\ntwo\rthree\nfour", "x"]])
        #expect(try fields(" a , b \n") == [[" a ", " b "]])
    }

    /// What the package that resolves here gets wrong (COMMANDS.md): combining characters are one with the comma to Swift's String.
    @Test func characterThatCombinesWithACommaStaysBehindIt() throws {
        #expect(try fields("a,\u{301}b\n") == [["a", "\u{301}b"]])
        #expect(try fields("\"x\"\u{301}\n").first?.first?.unicodeScalars.contains("\u{301}") == true)
    }

    @Test func linesAreCountedThroughFieldsAndEveryLineEnd() throws {
        let records = try read("a\n\"b\r\nc\nd\re\"\r\nf\r\n\r\ng\rh")
        #expect(records.map(\.line) == [1, 2, 6, 8, 9])
    }

    @Test func byteOrderMarkIsSkippedAndUTF16Named() throws {
        for piece in [1, 2, 3, 100] {
            #expect(try read([0xEF, 0xBB, 0xBF] + Array("a,b\n".utf8), piece: piece).map(\.fields) == [["a", "b"]])
        }
        #expect(try read([0xEF, 0xBB, 0xBF]).isEmpty)
        #expect(try read([0xEF, 0x61]).first?.faults.first?.kind == .notUTF8)
        #expect { try read([0xFF, 0xFE, 0x61, 0x00]) } throws: { ($0 as? SatchelError)?.code == .fileInvalid }
    }

    @Test(arguments: [
        ("a\"b,c", CSVFault.Kind.strayQuote, 0), ("a,\"b\"c", .textAfterQuote, 1), ("a,\"b", .unterminatedQuote, 1),
    ])
    func loneQuotesAreNamed(_ text: String, _ kind: CSVFault.Kind, _ field: Int) throws {
        let records = try read("x,y\n\(text)")
        #expect(records.count == 2)
        #expect(records[1].faults == [CSVFault(kind: kind, field: field, line: 2)])
    }

    @Test func faultSpoilsItsRecordAlone() throws {
        let records = try read(Array("a\"b,1\n".utf8) + [0xC3, 0x28, 0x2C, 0x32, 0x0A] + Array("c,3\n".utf8))
        #expect(records.map { $0.faults.map(\.kind) } == [[.strayQuote], [.notUTF8], []])
        #expect(records[2].fields == ["c", "3"])
    }

    @Test func unterminatedQuoteNamesTheLineWhereItOpened() throws {
        let records = try read("a\nb,\"c\nd\ne\n")
        #expect(records.count == 2)
        #expect(records[1].faults == [CSVFault(kind: .unterminatedQuote, field: 1, line: 2)])
    }

    @Test func longFieldsAreReadPast() throws {
        let long = [UInt8](repeating: 0x61, count: CSVLimits.fieldBytes + 1)
        let records = try read(long + Array(",b\nc,d\n".utf8), piece: 4096)
        #expect(records.count == 2)
        #expect(records[0].faults.map(\.kind) == [.fieldTooLong])
        #expect((records[0].fields.first?.utf8.count ?? 0) <= CSVLimits.fieldBytes)
        #expect(records[1].fields == ["c", "d"])
        let commas = [UInt8](repeating: 0x2C, count: CSVLimits.fields + 10)
        let wide = try read(commas + Array("\nc,d\n".utf8))
        #expect(wide[0].faults.contains { $0.kind == .tooManyFields })
        #expect(wide[0].fields.count == CSVLimits.fields)
        #expect(wide[1].fields == ["c", "d"])
    }

    // MARK: Generated

    private static let alphabet: [String] = ["a", "b", ",", "\"", "\r", "\n", "\r\n", " ", "é", "😀", "\u{301}", "", "0"]

    @Test func whatIsWrittenIsRead() throws {
        var random = Dice(seed: 71)
        for _ in 0..<500 {
            let rows = (0..<random.between(1...6)).map { _ in
                // One empty field alone would be an empty line.
                (0..<random.between(2...5)).map { _ in
                    (0..<random.below(6)).map { _ in random.one(of: Self.alphabet) }.joined()
                }
            }
            var bytes: [UInt8] = []
            for row in rows { CSVText.append(row, to: &bytes) }
            let records = try read(bytes, piece: random.between(1...9))
            #expect(records.map { $0.fields.map { Array($0.utf8) } } == rows.map { $0.map { Array($0.utf8) } })
            #expect(records.allSatisfy { $0.faults.isEmpty })
        }
    }

    /// Whatever the bytes are: the reader ends, gives the same for every way of cutting them, and keeps its line numbers.
    @Test func mutatedBytesAreReadAlikeHoweverTheyAreCut() throws {
        var random = Dice(seed: 72)
        var faulty = 0
        for _ in 0..<2_000 {
            var bytes: [UInt8] = []
            for _ in 0..<random.between(1...4) {
                CSVText.append(
                    (0..<3).map { _ in (0..<random.below(5)).map { _ in random.one(of: Self.alphabet) }.joined() }, to: &bytes)
            }
            for _ in 0..<random.between(1...5) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.insert(random.one(of: [0x22, 0x2C, 0x0A, 0x0D, 0x00, 0xFF]), at: place)
                case 2: if bytes.count > 1 { bytes.remove(at: place) }
                default: bytes[place] = random.one(of: [0x22, 0x2C, 0x0A, 0x0D])
                }
            }
            // The mark and UTF-16 have their own test.
            if [0xEF, 0xFE, 0xFF].contains(bytes[0]) { bytes[0] = 0x61 }
            let whole = try read(bytes)
            #expect(try read(bytes, piece: 1) == whole)
            #expect(try read(bytes, piece: random.between(2...7)) == whole)
            #expect(zip(whole, whole.dropFirst()).allSatisfy { $0.line < $1.line })
            #expect(whole.reduce(0) { $0 + $1.fields.reduce(0) { $0 + $1.utf8.count } } <= bytes.count)
            if whole.contains(where: { !$0.faults.isEmpty }) { faulty += 1 }
        }
        #expect(faulty > 200)
    }
}

/// Random choices that are the same in every run.
private struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// S. Vigna's SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    mutating func between(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }
}
