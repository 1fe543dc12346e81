import Testing
import Wire

/// The path of every event: many records in one message, read in place.
@Suite struct RecordsTests {
    private func collect(_ message: [UInt8]) throws -> [[UInt8]] {
        try message.withUnsafeBytes { raw in
            var records = try Records(Frame(decoding: raw))
            var all: [[UInt8]] = []
            while let record = try records.next() { all.append(Array(record)) }
            return all
        }
    }

    /// The records of a ring from `place` on, one after the other.
    private func batch(_ records: [[UInt8]], from place: UInt64 = 0) -> [UInt8] {
        var batch = RecordBatch()
        var place = place
        for record in records {
            let fitted = record.withUnsafeBytes { batch.append($0, at: place) }
            #expect(fitted)
            place += UInt64(8 + (record.count + 7) / 8 * 8)
        }
        var message: [UInt8] = []
        batch.flush { message = Array($0) }
        return message
    }

    @Test func goldenBytes() throws {
        let golden = bytes(
            """
            0500 0401 00000000 19000000 00 000000
            2800000000000000 02000000  03000000 aabbcc  02000000 ddee
            """)
        #expect(batch([[0xAA, 0xBB, 0xCC], [0xDD, 0xEE]], from: 40) == golden)
        #expect(try collect(golden) == [[0xAA, 0xBB, 0xCC], [0xDD, 0xEE]])
    }

    @Test func recordsAreViewsIntoTheMessage() throws {
        let message = batch([[1, 2, 3], [4]])
        try message.withUnsafeBytes { raw in
            var records = try Records(Frame(decoding: raw))
            let first = try #require(try records.next())
            #expect(first.baseAddress == raw.baseAddress.map { $0 + 32 })
        }
    }

    @Test func noneAtAll() throws {
        #expect(try collect(batch([])) == [])
        #expect(try collect(batch([[]])) == [[]])
    }

    @Test func aFullBatchSaysSoAndFitsAMessage() throws {
        var batch = RecordBatch()
        let record = [UInt8](repeating: 7, count: 700)
        var added = 0
        while record.withUnsafeBytes({ batch.append($0, at: UInt64(added) * 712) }) { added += 1 }
        #expect(added == (65_536 - 28) / 704)
        let count = batch.count
        #expect(count == UInt32(added))
        var message: [UInt8] = []
        batch.flush { message = Array($0) }
        #expect(message.count <= WireFormat.largestMessage)
        #expect(try collect(message).count == added)
        let isEmpty = batch.isEmpty
        #expect(isEmpty)

        // A record of exactly the room there is, and one byte more.
        let longest = [UInt8](repeating: 1, count: 65_536 - 32)
        let fits = longest.withUnsafeBytes { batch.append($0, at: 0) }
        #expect(fits)
        batch.flush { #expect($0.count == WireFormat.largestMessage) }
        let longer = (longest + [1]).withUnsafeBytes { batch.append($0, at: 0) }
        #expect(!longer)
    }

    @Test func positionsAreThoseOfTheRing() throws {
        let message = batch([[1], [2, 3, 4, 5, 6, 7, 8, 9, 10]], from: 4096)
        try message.withUnsafeBytes { raw in
            var records = try Records(Frame(decoding: raw))
            #expect(records.position == 4096)
            _ = try records.next()
            #expect(records.position == 4096 + 16)
            _ = try records.next()
            #expect(records.position == 4096 + 16 + 24)
        }
    }

    @Test func whatDoesNotFollowBeginsAnotherMessage() {
        var batch = RecordBatch()
        let record = [UInt8](repeating: 1, count: 8)
        let first = record.withUnsafeBytes { batch.append($0, at: 16) }
        let apart = record.withUnsafeBytes { batch.append($0, at: 40) }
        let next = record.withUnsafeBytes { batch.append($0, at: 32) }
        #expect(first && !apart && next)
    }

    @Test func whatCouldNotBeHandedOverIsKept() {
        struct Gone: Error {}
        var batch = RecordBatch()
        _ = [UInt8(1)].withUnsafeBytes { batch.append($0, at: 0) }
        #expect(throws: Gone.self) { try batch.flush { (_) throws(Gone) in throw Gone() } }
        let count = batch.count
        #expect(count == 1)
    }

    @Test(arguments: [
        "0500 0401 00000000 00000000 00 000000",  // no position
        "0500 0401 00000000 08000000 00 000000 0000000000000000",  // no count
        "0500 0401 00000000 0c000000 00 000000 0000000000000000 01000000",  // a count without records
        "0500 0401 00000000 0c000000 00 000000 0000000000000000 ffffffff",
        "0500 0401 00000000 10000000 00 000000 0000000000000000 01000000 01000000",  // a length without bytes
        "0500 0401 00000000 11000000 00 000000 0000000000000000 01000000 ffffffff 00",
        "0500 0401 00000000 11000000 00 000000 0000000000000000 01000000 00000000 00",  // a byte too many
        "0500 0401 00000000 14000000 00 000000 0000000000000000 02000000 04000000 aabbccdd",  // one record too few
    ])
    func hostileCountsAndLengths(_ message: String) {
        #expect(throws: WireError.self) { try collect(bytes(message)) }
    }
}
