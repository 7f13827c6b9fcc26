import SatchelCore
import SatchelProtocol

/// Random messages of the way down, of identity too.
extension SeededGenerator {
    mutating func pullOpen() -> PullOpen {
        PullOpen(
            wireVersion: below(5), commitment: commitment(), schemaVersion: chance(2) ? nil : below(1000), isLive: chance(2),
            isFull: chance(2))
    }

    /// Every kind in turn.
    mutating func pullFrame(kind: Int) -> PullFrame {
        switch kind % 12 {
        case 0: .begin(PullBegin(from: Position(number()), to: Position(number()), expectedRows: number()))
        case 1: .schema(schema())
        case 2: .mask(mask())
        case 3: .places(places())
        case 4: .rows(rowBatch())
        case 5: .left(RowsLeft(table: name(), ids: ids(below(20))))
        case 6: .rootsLeft(RootsLeft(roots: (0..<below(9)).map { _ in next() }))
        case 7: .conflicts(conflicts())
        case 8: .verdicts((0..<below(4)).map { _ in verdict() })
        case 9:
            .checkpoint(
                Checkpoint(cursor: cursor(), appliedThrough: number(), runningHash: hash(), backedUpThrough: number()))
        case 10: .heartbeat
        default: .failed(failure())
        }
    }

    mutating func rowBatch() -> RowBatch {
        let fields = names(below(6))
        let ids = ids(below(20))
        let shared = (0..<4).map { _ in next() }
        let isComplete = chance(2)
        let hasOneRoot = chance(2)
        var roots: [[UInt64]] = []
        if isComplete {
            for _ in ids {
                roots.append(hasOneRoot ? [chance(2) ? next() : shared[below(4)]] : shared.filter { _ in chance(2) }.sorted())
            }
        }
        return RowBatch(
            table: name(), mask: UInt32(below(100)), isComplete: isComplete, fields: fields, ids: ids, roots: roots,
            positions: ids.map { _ in Position(number()) }, columns: fields.map { _ in column(ids.count) })
    }

    mutating func mask() -> MaskDefinition {
        MaskDefinition(
            number: UInt32(below(50)), roles: names(below(4)),
            tables: names(below(5)).map { table in
                let fields = names(8)
                return MaskDefinition.TableRights(
                    table: table, read: fields.filter { _ in chance(2) }, write: fields.filter { _ in chance(3) },
                    delete: chance(2), create: chance(2), settable: fields.filter { _ in chance(2) }.shuffled(using: &self))
            })
    }

    mutating func places() -> Places {
        Places(
            user: text(), global: UInt32(below(9)), anywhere: UInt32(below(9)), own: UInt32(below(9)),
            territories: names(below(9)).sorted().map { .init(id: $0, name: text(), mask: UInt32(below(9))) })
    }

    mutating func conflicts() -> ConflictBatch {
        let users = (0..<3).map { _ in text() }
        return ConflictBatch(
            table: name(), field: name(), rule: "lww",
            entries: ids(below(9)).map { id in
                .init(
                    id: id,
                    heads: (0..<below(4)).map { _ in .init(value: value(), user: users[below(3)], milliseconds: number()) })
            })
    }

    mutating func schema() -> SchemaDescription {
        SchemaDescription(
            name: text(), version: below(1000),
            tables: names(below(4)).map { table in
                SchemaDescription.TableDescription(
                    name: table,
                    partition: chance(2) ? [.init(rule: "global", field: "")] : [.init(rule: "through", field: name())],
                    fields: names(below(5)).map { field in
                        .init(
                            name: field, type: "enum", values: names(below(3)), target: chance(2) ? "" : name(), merge: "lww",
                            isRequired: chance(2), isCreateOnly: chance(2), maximumLength: number())
                    })
            })
    }

    mutating func enrolRequest() -> EnrolRequest {
        EnrolRequest(
            wireVersion: below(5), code: text(), publicKey: bytes(Limits.publicKeyBytes), proof: bytes(64), device: text(),
            previous: chance(2)
                ? nil
                : Predecessor(
                    replica: ReplicaID(next()), confirmedThrough: next() >> 2, runningHash: bytes(Limits.hashBytes)))
    }

    mutating func enrolReply() -> EnrolReply { EnrolReply(replica: ReplicaID(next()), user: name(), organisation: text()) }
    mutating func nonceReply() -> NonceReply { NonceReply(nonce: bytes(below(64))) }

    mutating func tokenRequest() -> TokenRequest {
        TokenRequest(replica: ReplicaID(next()), nonce: bytes(below(64)), signature: bytes(64))
    }

    mutating func tokenReply() -> TokenReply { TokenReply(token: text(), seconds: below(1000)) }
}
