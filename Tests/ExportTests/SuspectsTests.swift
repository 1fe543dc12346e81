import Export
import Testing

@Suite final class SuspectsTests {
    private static let limits = DeliveryLimits(
        capacity: 20, maxBatch: 4, batchTimeout: .seconds(1), concurrency: 2, initialPause: .seconds(1),
        longestPause: .seconds(8), longestRetry: .seconds(60))

    private let start = ContinuousClock.now
    private var random = SystemRandomNumberGenerator()
    private var suspects = Suspects(limits)
    private let batches = (0..<3).map { StoredBatch(segment: 1 + $0 / 2, offset: 16 + Int($0), spans: 5 + $0) }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }
    private func failed(_ batch: StoredBatch, at now: Double = 0) -> Bool {
        suspects.failed(batch, now: at(now), using: &random)
    }
    /// Seconds until the next one is due, not rounded down.
    private func pause(at now: Double) throws -> Double {
        at(now).duration(to: try #require(suspects.nextDue(after: at(now)))) / .seconds(1) + 1e-6
    }
    private func first(at now: Double, isTrouble: Bool = false) -> StoredBatch? {
        suspects.first(now: at(now), isTrouble: isTrouble)?.batch
    }

    @Test func nothingCountsWhileTheCollectorIsSick() {
        for round in 1..<100 {
            let isItsOwn = failed(batches[0], at: Double(round))
            #expect(!isItsOwn && suspects.unresolved == batches[0])
            // The more often it failed, the more others are tried.
            for _ in 0..<round {
                #expect(first(at: 1000, isTrouble: true) == nil, "another's turn")
                suspects.failed()
            }
            #expect(first(at: 1000, isTrouble: true) == batches[0])
        }
        #expect(suspects.first(now: at(1000), isTrouble: true)?.isLast == false)
    }

    @Test func oneThatFailsWhileOthersAreDeliveredIsTriedAtGrowingIntervalsAndThenForTheLastTime() throws {
        var isItsOwn = failed(batches[0])
        #expect(!isItsOwn)
        suspects.delivered(now: at(0))
        #expect(first(at: 0) == batches[0], "at once: the collector may have recovered in between")
        #expect(first(at: 0, isTrouble: true) == nil)
        var now = 0.0
        var pauses: [Double] = []
        while let suspect = suspects.first(now: at(now), isTrouble: false), !suspect.isLast, pauses.count < 100 {
            isItsOwn = failed(batches[0], at: now)
            #expect(isItsOwn)
            #expect(suspects.first(now: at(now + 1000), isTrouble: false) == nil, "no other was tried")
            suspects.delivered(now: at(now))
            pauses.append(try pause(at: now))
            now += pauses[pauses.count - 1]
        }
        #expect(pauses[0] <= 1.51 && pauses.max().map { $0 > 4 && $0 <= 8.01 } ?? false)
        #expect(now > 60 && now <= 68, "\(pauses)")
    }

    @Test func oneAfterWhichOthersFailIsNotTriedForEver() throws {
        _ = failed(batches[0])
        suspects.delivered(now: at(0))
        var now = 0.0
        var attempts = 0
        while let suspect = suspects.first(now: at(now), isTrouble: false), !suspect.isLast, attempts < 1000 {
            _ = failed(batches[0], at: now)
            suspects.failed()
            #expect(first(at: now + 1000) == nil, "no other was delivered")
            suspects.delivered(now: at(now))
            now += try pause(at: now)
            attempts += 1
        }
        #expect(now > 4 * 60 && now <= 4 * 60 + 8)
    }

    @Test func aRefusalSaysNeither() {
        _ = failed(batches[0])
        suspects.refused()
        suspects.delivered(now: at(0))
        #expect(first(at: 0, isTrouble: true) == batches[0], "not charged")
    }

    @Test func theyAreInOrderOfAgeAndGo() {
        for batch in [batches[1], batches[2], batches[0]] {
            _ = failed(batch)
            suspects.refused()
        }
        #expect(suspects.spans == 18)
        #expect(first(at: 0) == batches[0])
        #expect(suspects.lastResort(now: at(0))?.batch == batches[2])
        suspects.remove(segments: [1])
        #expect(first(at: 0) == batches[2] && suspects.spans == 7)
        _ = failed(batches[2])
        suspects.remove(batches[2])
        #expect(suspects.isEmpty && suspects.unresolved == nil)
    }
}
