import Export
import Testing

/// A queue with a spool, without a disk.
@Suite final class DeliveryQueueSpoolTests {
    private typealias Queue = DeliveryQueue<Int>

    private static let limits = DeliveryLimits(
        capacity: 20, maxBatch: 4, batchTimeout: .seconds(1), concurrency: 2, initialPause: .seconds(1),
        longestPause: .seconds(8), longestRetry: .seconds(60))

    private let start = ContinuousClock.now
    private var random = SystemRandomNumberGenerator()
    private var queue = Queue(limits: limits, hasSpool: true)
    /// Batches that were read from the spool.
    private var read = 0

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func accept(_ items: ClosedRange<Int>, at now: Double) { _ = queue.accept(Array(items), now: at(now)) }

    private func settle(_ batch: Queue.Batch, as outcome: DeliveryOutcome, at now: Double) {
        _ = queue.settle(batch.id, as: outcome, now: at(now), using: &random)
    }

    private func stored(_ batch: Queue.Batch, as outcome: SpoolWriting = .written, at now: Double) {
        let isCounted = queue.settle(batch.id, as: outcome, SpoolReport(), now: at(now))
        #expect(isCounted)
    }

    /// - Returns: the batch that it was, which is a new one where none was named.
    @discardableResult private func drained(
        _ drain: Queue.Drain, _ spans: UInt64 = 4, as outcome: DeliveryOutcome, meaning: DrainMeaning = .ofTheCollector,
        at now: Double, _ location: SourceLocation = #_sourceLocation
    ) -> StoredBatch {
        read += drain.batch == nil ? 1 : 0
        let batch = drain.batch ?? StoredBatch(segment: 1, offset: read, spans: spans)
        let found = queue.settle(batch, for: drain, as: outcome, SpoolReport(), now: at(now), using: &random)
        #expect(found == meaning, sourceLocation: location)
        return batch
    }

    private func recover(_ spans: UInt64) {
        var recovery = SpoolRecovery()
        recovery.spans = spans
        queue.recovered(recovery)
    }

    private func next(at now: Double) -> Queue.Step { queue.next(now: at(now)) }

    private func toSend(at now: Double, _ location: SourceLocation = #_sourceLocation) throws -> Queue.Batch {
        let step = next(at: now)
        guard case .send(let batch) = step else {
            Issue.record("expected a batch to send, not \(step)", sourceLocation: location)
            throw CancellationError()
        }
        return batch
    }

    private func toStore(at now: Double, _ location: SourceLocation = #_sourceLocation) throws -> Queue.Batch {
        let step = next(at: now)
        guard case .store(let batch) = step else {
            Issue.record("expected a batch to store, not \(step)", sourceLocation: location)
            throw CancellationError()
        }
        return batch
    }

    private func expectWait(_ seconds: Double?, at now: Double, _ location: SourceLocation = #_sourceLocation) {
        guard case .wait(let instant) = next(at: now) else {
            Issue.record("expected to wait", sourceLocation: location)
            return
        }
        #expect(instant == seconds.map(at), sourceLocation: location)
    }

    private func toDrain(at now: Double, _ location: SourceLocation = #_sourceLocation) throws -> Queue.Drain {
        let step = next(at: now)
        guard case .drain(let drain) = step else {
            Issue.record("expected to drain, not \(step)", sourceLocation: location)
            throw CancellationError()
        }
        return drain
    }

    private func expectFinished(at now: Double, _ location: SourceLocation = #_sourceLocation) {
        guard case .finished = next(at: now) else {
            Issue.record("expected to have finished", sourceLocation: location)
            return
        }
    }

    @Test func whatFailsIsStoredInTheOrderInWhichItWasMade() throws {
        accept(1...9, at: 0)
        let (first, second) = (try toSend(at: 0), try toSend(at: 0))
        settle(second, as: .failed(retryAfter: .seconds(30)), at: 0)
        expectWait(1, at: 0)
        settle(first, as: .failed(retryAfter: nil), at: 0.1)
        var batch = try toStore(at: 0.1)
        #expect(batch.items == [1, 2, 3, 4])
        expectWait(1, at: 0.1)
        stored(batch, at: 0.2)
        batch = try toStore(at: 0.2)
        #expect(batch.items == [5, 6, 7, 8])
        stored(batch, at: 0.3)
        expectWait(1, at: 0.3)
        batch = try toStore(at: 1)
        #expect(batch.items == [9])
        stored(batch, at: 1)
        #expect(queue.counts.queued == 0 && queue.counts.spool?.left == 9 && queue.counts.isBalanced)
    }

    @Test func theOldestFeelsTheWay() throws {
        recover(8)
        let oldest = drained(try toDrain(at: 0), as: .failed(retryAfter: .seconds(10)), at: 0)
        accept(1...4, at: 1)
        stored(try toStore(at: 1), at: 1)
        guard case .wait(let instant?) = next(at: 1) else { throw CancellationError() }
        #expect(instant >= at(10) && instant <= at(11))
        // In turn with another.
        let other = drained(try toDrain(at: 11), as: .failed(retryAfter: .seconds(10)), at: 11)
        #expect(other != oldest)
        let drain = try toDrain(at: 22)
        #expect(drain.batch == oldest)
        accept(5...8, at: 22)
        stored(try toStore(at: 22), at: 22)
        expectWait(nil, at: 22)
        drained(drain, as: .delivered(rejected: 1), at: 23)
        // Now beside what is fresh, and again in order of age.
        let second = try toDrain(at: 23)
        #expect(second.batch == other)
        accept(9...16, at: 23)
        #expect(try toSend(at: 23).items == [9, 10, 11, 12])
        expectWait(nil, at: 23)
        drained(second, as: .refused, at: 23)
        #expect(try toDrain(at: 23).batch == nil)
        #expect(queue.counts.exported == 3 && queue.counts.dropped[.exportReject] == 5)
        #expect(queue.counts.spool?.left == 8 && queue.counts.spool?.recovered == 8 && queue.counts.isBalanced)
    }

    @Test func aQueueThatFillsIsStoredBeforeItIsFull() throws {
        accept(1...8, at: 0)
        let (first, second) = (try toSend(at: 0), try toSend(at: 0))
        accept(9...10, at: 0)
        var isNews = queue.accept([11], now: at(0))
        #expect(!isNews)
        isNews = queue.accept(Array(12...18), now: at(0))
        #expect(isNews, "half of the queue waits")
        let batch = try toStore(at: 0)
        #expect(batch.items == [9, 10, 11, 12])
        stored(batch, at: 0)
        expectWait(nil, at: 0)
        settle(first, as: .delivered(rejected: 0), at: 1)
        _ = try toDrain(at: 1)
        settle(second, as: .delivered(rejected: 0), at: 1)
        #expect(try toSend(at: 1).items == [13, 14, 15, 16])
        #expect(queue.counts.dropped.total == 0 && queue.counts.isBalanced)
    }

    @Test func aDiskThatFailsLeavesWhatThereIsWithoutOne() throws {
        accept(1...4, at: 0)
        settle(try toSend(at: 0), as: .failed(retryAfter: nil), at: 0)
        stored(try toStore(at: 0), as: .failed, at: 0)
        #expect(try toSend(at: 2).attempt == 2)
        // After a while it is tried again.
        accept(5...8, at: 2)
        expectWait(5, at: 3)
        #expect(queue.counts.queued == 8 && queue.counts.spool?.left == 0)
    }

    @Test func whatNeverFitsIsLost() throws {
        accept(1...4, at: 0)
        settle(try toSend(at: 0), as: .failed(retryAfter: nil), at: 0)
        stored(try toStore(at: 0), as: .tooLarge, at: 0)
        #expect(queue.counts.dropped[.spoolFull] == 4 && queue.counts.isBalanced)
    }

    @Test func closingStoresAtOnceInTimesOfTrouble() throws {
        accept(1...6, at: 0)
        settle(try toSend(at: 0), as: .failed(retryAfter: .seconds(30)), at: 0)
        queue.close(deadline: at(10), now: at(0))
        stored(try toStore(at: 0), at: 0)
        let batch = try toStore(at: 0)
        #expect(batch.items == [5, 6])
        expectWait(9, at: 0)
        stored(batch, at: 0)
        expectFinished(at: 0)
        accept(7...7, at: 0)
        #expect(queue.counts.spool?.left == 6 && queue.counts.dropped[.shutdown] == 1)
    }

    @Test func closingStoresWhatIsNotAnsweredInTime() throws {
        recover(5)
        _ = try toDrain(at: 0)
        accept(1...6, at: 0)
        let sent = try toSend(at: 0)
        queue.close(deadline: at(10), now: at(0))
        expectWait(9, at: 1)
        let first = try toStore(at: 9)
        #expect(first.items == sent.items)
        stored(first, at: 9)
        settle(sent, as: .delivered(rejected: 0), at: 9)
        #expect(queue.counts.exported == 0, "it is in the spool")
        stored(try toStore(at: 9), at: 9)
        expectWait(10, at: 9)
        expectFinished(at: 10)
        #expect(queue.counts.spool?.left == 11 && queue.counts.dropped.total == 0 && queue.counts.isBalanced)
    }

    @Test func aShortTimeIsSharedByCollectorAndDisk() throws {
        accept(1...6, at: 0)
        queue.close(deadline: at(0.4), now: at(0))
        #expect(try toSend(at: 0).items == [1, 2, 3, 4])
        settle(try toSend(at: 0), as: .delivered(rejected: 0), at: 0.1)
        expectWait(0.2, at: 0.1)
        stored(try toStore(at: 0.2), at: 0.2)
        expectFinished(at: 0.2)
        #expect(queue.counts.exported == 2 && queue.counts.spool?.left == 4)
    }

    @Test func aDiskThatHangsDoesNotKeepItFromEnding() throws {
        accept(1...6, at: 0)
        queue.close(deadline: at(0), now: at(0))
        let batch = try toStore(at: 0)
        expectWait(1, at: 0.5)
        expectFinished(at: 1)
        let isCounted = queue.settle(batch.id, as: .written, SpoolReport(), now: at(1))
        #expect(!isCounted)
        #expect(queue.counts.dropped[.shutdown] == 6 && queue.counts.isBalanced)
    }

    @Test func whatIsLostInTheSpoolIsCounted() throws {
        recover(100)
        var report = SpoolReport()
        report.overflow = 30
        report.unreadable = 20
        report.damaged = 2
        queue.note(report)
        let counts = queue.counts
        #expect(counts.dropped[.spoolFull] == 30 && counts.dropped[.spoolDamaged] == 20)
        #expect(counts.spool?.left == 50 && counts.spool?.damaged == 2 && counts.isBalanced)
    }

    /// Whatever happens in whatever order: each span is accounted for, what is stored keeps its order within a time of
    /// trouble, and it always ends.
    @Test(arguments: 0..<60)
    func everySpanIsAccountedFor(_ seed: Int) {
        var dice = Dice(state: UInt64(seed))
        var now = 0.0
        var flying: [Queue.Batch] = []
        var storing: Queue.Batch?
        var disk: [(batch: StoredBatch, items: [Int])] = []
        var (written, read) = (0, 0)
        var draining: Queue.Drain?
        var (handedIn, delivered) = (0, Set<Int>())
        let outcomes: [DeliveryOutcome] = [
            .delivered(rejected: 0), .refused, .failed(retryAfter: nil), .failed(retryAfter: .seconds(20)),
        ]
        for step in 0..<3000 {
            now += Double.random(in: 0...0.5, using: &dice)
            switch Int.random(in: 0..<8, using: &dice) {
            case 0, 1:
                let count = Int.random(in: 0...6, using: &dice)
                _ = queue.accept(Array(handedIn..<handedIn + count), now: at(now))
                handedIn += count
            case 2, 3, 4:
                switch next(at: now) {
                case .send(let batch): flying.append(batch)
                case .store(let batch): storing = batch
                case .drain(let drain): draining = drain
                case .wait(let instant): #expect(instant.map { $0 > at(now) } ?? true)
                case .finished: break
                }
            case 5 where !flying.isEmpty:
                let batch = flying.remove(at: Int.random(in: flying.indices, using: &dice))
                let outcome = outcomes.randomElement(using: &dice) ?? .refused
                if queue.settle(batch.id, as: outcome, now: at(now), using: &dice), case .delivered = outcome {
                    #expect(delivered.isDisjoint(with: batch.items))
                    delivered.formUnion(batch.items)
                }
            case 6:
                guard let batch = storing else { continue }
                storing = nil
                let writings: [SpoolWriting] = [.written, .written, .failed, .tooLarge]
                let outcome = writings.randomElement(using: &dice) ?? .written
                if queue.settle(batch.id, as: outcome, SpoolReport(), now: at(now)), outcome == .written {
                    written += 1
                    let place = StoredBatch(segment: 1, offset: written, spans: UInt64(batch.items.count))
                    disk.append((place, batch.items))
                }
            case 7 where draining != nil:
                guard let drain = draining else { continue }
                draining = nil
                guard let index = disk.firstIndex(where: { entry in
                    drain.batch.map { $0 == entry.batch } ?? (entry.batch.offset > read)
                }) else {
                    Issue.record("there is no such batch")
                    return
                }
                read = max(read, disk[index].batch.offset)
                let outcome = outcomes.randomElement(using: &dice) ?? .refused
                let meaning = queue.settle(
                    disk[index].batch, for: drain, as: outcome, SpoolReport(), now: at(now), using: &dice)
                if case .failed = outcome, meaning != .givenUp { continue }
                if case .delivered = outcome { #expect(delivered.isDisjoint(with: disk[index].items)) }
                delivered.formUnion(disk.remove(at: index).items)
            default:
                if step > 2500 { queue.close(deadline: at(now + 5), now: at(now)) }
            }
            #expect(queue.counts.isBalanced)
            #expect(queue.counts.queued <= 20)
            #expect(queue.counts.spool?.left == UInt64(disk.reduce(0) { $0 + $1.items.count }))
        }
        #expect(queue.counts.accepted == UInt64(handedIn))
        queue.close(deadline: at(now), now: at(now))
        var steps = 0
        ending: while true {
            steps += 1
            switch next(at: now) {
            case .finished: break ending
            case .wait(let instant): now = instant.map { start.duration(to: $0) / .seconds(1) } ?? now + 1
            case .store(let batch): _ = queue.settle(batch.id, as: .written, SpoolReport(), now: at(now))
            case .send, .drain: break
            }
            guard steps < 1000 else {
                Issue.record("must have ended")
                return
            }
        }
        #expect(queue.counts.queued == 0 && queue.counts.isBalanced)
    }
}
