import Export
import Testing

/// What somebody else writes into a spool while it is open, with checksums that are right.
@Suite struct SpoolChangeTests {
    private static let name = "0000000000000001.spool"
    private let tally = SpoolTally()

    /// Makes an entry of the only segment one of another number of spans.
    ///
    /// - Parameter offset: where it begins.
    private func change(_ place: SpoolPlace, at offset: Int, _ body: String, spans: UInt64) throws {
        var bytes = try place.read(Self.name)
        let entry = try #require(SpoolFormat.entry(Array(body.utf8), spans: spans))
        bytes.replaceSubrange(offset..<offset + entry.count, with: entry)
        try place.write(bytes, to: Self.name)
    }

    @Test func moreSpansThanWereCountedAreDamage() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        for body in ["a", "b"] { await spool.append(body, spans: 5) }
        try change(place, at: SpoolFormat.headerSize, "a", spans: 1000)
        #expect(await spool.takeAll(tally) == [])
        #expect(tally.counts.unreadable == 10 && tally.counts.damaged == 1)
        #expect(try place.names == ["0000000000000001.damaged"])
    }

    @Test func fewerSpansThanWereCountedAreMissed() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        for body in ["a", "b"] { await spool.append(body, spans: 5) }
        try change(place, at: SpoolFormat.headerSize, "a", spans: 2)
        #expect(await spool.takeAll(tally) == ["a", "b"])
        #expect(tally.counts.unreadable == 3 && tally.counts.damaged == 1)
    }

    @Test func whatFailedHasToBeTheSameAgain() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        await spool.append("a", spans: 5)
        let batch = try #require(await spool.fail())
        try change(place, at: SpoolFormat.headerSize, "a", spans: 6)
        #expect(await spool.take(batch, tally) == nil)
        #expect(tally.counts.unreadable == 5 && tally.counts.damaged == 1)
    }

    /// Whatever the disk says, no more leaves the spool than is in it.
    @Test(arguments: [DeliveryOutcome.delivered(rejected: 7), .refused])
    func countsStayBalanced(_ outcome: DeliveryOutcome) throws {
        var queue = DeliveryQueue<Int>(
            limits: DeliveryLimits(
                capacity: 20, maxBatch: 4, batchTimeout: .seconds(1), concurrency: 2, initialPause: .seconds(1),
                longestPause: .seconds(8), longestRetry: .seconds(60)),
            hasSpool: true)
        let now = ContinuousClock.now
        var generator = SystemRandomNumberGenerator()
        var recovery = SpoolRecovery()
        recovery.spans = 10
        queue.recovered(recovery)
        guard case .drain(let drain) = queue.next(now: now) else { throw CancellationError() }
        let batch = StoredBatch(segment: 1, offset: 16, spans: 1000)
        _ = queue.settle(batch, for: drain, as: outcome, SpoolReport(), now: now, using: &generator)
        #expect(queue.counts.spool?.left == 0 && queue.counts.isBalanced)
        #expect(queue.counts.exported + queue.counts.dropped[.exportReject] == 10)
        var report = SpoolReport()
        report.overflow = 3
        report.unreadable = 4
        queue.note(report)
        #expect(queue.counts.dropped.total <= 10 && queue.counts.isBalanced)
    }
}
