import SatchelCore
import SatchelEngine
import SatchelPolicy
import SatchelProtocol

/// A small organisation, and the frames in which its server would tell Anna, a rep in `dach`, of it.
enum Sample {
    static let schema = Schema(
        name: "crm", version: 1,
        tables: [
            Table(
                name: "company", partition: [.territory(field: 6)],
                fields: [
                    Field(name: "name", type: .text, isRequired: true, maximumLength: 40),
                    Field(name: "notes", type: .text),
                    Field(name: "visits", type: .integer),
                    Field(name: "credit_limit", type: .decimal),
                    Field(name: "tags", type: .set),
                    Field(name: "active", type: .boolean),
                    Field(name: "territory", type: .territory),
                    Field(name: "photo", type: .blob),
                ])
        ])

    static let readable = ["name", "notes", "visits", "tags", "active", "territory", "photo"]

    /// The credit limit is hidden from a rep, and the territory may be set only when a company is made.
    static let mask = MaskDefinition(
        number: 1, roles: ["rep"],
        tables: [
            MaskDefinition.TableRights(
                table: "company", read: readable, write: ["name", "notes", "visits", "tags", "active", "photo"], delete: true,
                create: true, settable: readable)
        ])

    static func id(_ number: Int) -> RowID {
        let digits = String(number, radix: 16)
        let text = "01900000-0000-7000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        guard let id = RowID(text) else { preconditionFailure("a UUID is an id") }
        return id
    }

    static func rows(_ numbers: some Sequence<Int>, name: (Int) -> String = { "Company \($0)" }) -> RowBatch {
        let numbers = Array(numbers)
        return RowBatch(
            table: "company", mask: 1, isComplete: true, fields: readable, ids: numbers.map(id),
            roots: numbers.map { [UInt64($0)] }, positions: numbers.map { _ in Position(1) },
            columns: [
                numbers.map { .text(name($0)) }, numbers.map { _ in .null }, numbers.map { .integer(Int64($0)) },
                numbers.map { _ in .text("[\"a\",\"b\"]") }, numbers.map { .integer(Int64($0 % 2)) },
                numbers.map { _ in .text("dach") }, numbers.map { _ in .null },
            ])
    }

    /// One run from nothing, without its checkpoint.
    static func load(_ batches: [RowBatch], to position: UInt64) -> [PullFrame] {
        [
            .begin(
                PullBegin(from: .zero, to: Position(position), expectedRows: UInt64(batches.reduce(0) { $0 + $1.ids.count }))),
            .schema(schema.description), .mask(mask), .places(places),
        ] + batches.map(PullFrame.rows)
    }

    static let places = Places(
        user: "anna", global: 1, anywhere: 1, own: 1, territories: [.init(id: "dach", name: "DACH", mask: 1)])

    static func cursor(_ position: UInt64) -> Cursor {
        Cursor(epoch: Epoch(7), position: Position(position), seal: [UInt8](repeating: 3, count: Limits.sealBytes))
    }

    static func checkpoint(_ position: UInt64, appliedThrough: UInt64 = 0, hash: [UInt8] = RunningHash.start) -> PullFrame {
        .checkpoint(
            Checkpoint(
                cursor: cursor(position), appliedThrough: appliedThrough, runningHash: hash, backedUpThrough: appliedThrough))
    }
}
