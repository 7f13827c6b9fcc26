import SatchelCore
import SatchelProtocol
import Testing

/// Limits lean on each other; each of these has a place in the code that relies on it.
@Suite struct LimitRelationTests {
    /// Names, counts and lengths around the content of a frame.
    private let envelope = 64 * 1024

    @Test func whatMustFitAFrameDoes() {
        #expect(Limits.transactionBytes + envelope < Limits.frameBytes)
        // A batch closes after the row that reaches its bound.
        #expect(Limits.batchBytes + Limits.valueBytes + envelope < Limits.frameBytes)
        #expect(Limits.batchRows * (RowID.maximumBytes + 2) + envelope < Limits.frameBytes)
        // Ids once, then at most four bytes a cell: its row and its refusal number.
        #expect(
            Limits.transactionChanges * (RowID.maximumBytes + 2) + Limits.transactionCells * 4 + envelope < Limits.frameBytes)
        #expect(Limits.unauthenticatedBytes < Limits.frameBytes)
    }

    @Test func whatMustFitATransactionDoes() {
        #expect(Limits.valueBytes * 2 < Limits.transactionBytes)
        #expect(Limits.transactionChanges * (RowID.maximumBytes + 2) < Limits.transactionBytes)
        #expect(Limits.transactionChanges < Limits.transactionCells)
        // Nested messages of the greatest transaction: a group for each row, its id list, and columns.
        #expect(Limits.transactionChanges * 3 < Limits.frameParts)
        #expect(Limits.schemaTables * Limits.tableFields < Limits.frameParts)
    }

    @Test func whatMustFitAPushDoes() {
        #expect(Limits.pushRequestBytes + Limits.transactionBytes + envelope < Limits.pushBodyBytes)
        #expect(Limits.pushRequestTransactions * 16 + Limits.transactionBytes < Limits.pushBodyBytes)
        #expect(Limits.groupTransactions <= Limits.pushRequestTransactions)
    }

    @Test func timesGiveEachOtherRoom() {
        #expect(Limits.heartbeatSeconds * 3 <= Limits.silenceSeconds)
        #expect(Limits.heartbeatSeconds < 30)
        #expect(Limits.handshakeSeconds < Limits.requestIdleSeconds)
        #expect(Limits.requestIdleSeconds < Limits.silenceSeconds)
        #expect(Limits.requestIdleSeconds <= Limits.smallBodySeconds)
        #expect(Limits.nonceSeconds < Limits.tokenSeconds)
        #expect(Limits.tokenSeconds < Limits.enrolmentCodeSeconds)
        #expect(Limits.shutdownSeconds < 10)
    }

    @Test func widthsAreThoseOfTheSets() {
        #expect(Limits.tableFields == IndexSet256.capacity)
        #expect(Limits.policyRoles == IndexSet256.capacity)
        #expect(Limits.sealBytes <= Limits.hashBytes)
        // PostgreSQL's identifiers have 63 bytes, our prefixes need some.
        #expect(Limits.nameBytes <= 63 - 8)
    }
}
