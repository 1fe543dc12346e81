import Export
import Testing

@Suite final class DeliveryQueueTests {
    private typealias Queue = DeliveryQueue<Int>

    private static let limits = DeliveryLimits(
        capacity: 10, maxBatch: 4, batchTimeout: .seconds(1), concurrency: 2, initialPause: .seconds(1),
        longestPause: .seconds(8), longestRetry: .seconds(60))

    private let start = ContinuousClock.now
    private var random = SystemRandomNumberGenerator()
    private var queue = Queue(limits: limits)

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func accept(_ items: [Int], at now: Double) -> Bool { queue.accept(items, now: at(now)) }

    private func settle(_ id: UInt64, as outcome: DeliveryOutcome, at now: Double) -> Bool {
        queue.settle(id, as: outcome, now: at(now), using: &random)
    }

    private func batch(at seconds: Double) throws -> Queue.Batch {
        let step = queue.next(now: at(seconds))
        guard case .send(let batch) = step else {
            Issue.record("expected a batch at \(seconds) s, not \(step)")
            throw CancellationError()
        }
        return batch
    }

    private func expectWait(_ seconds: Double?, at now: Double, _ location: SourceLocation = #_sourceLocation) {
        guard case .wait(let instant) = queue.next(now: at(now)) else {
            Issue.record("expected to wait", sourceLocation: location)
            return
        }
        #expect(instant == seconds.map(at), sourceLocation: location)
    }

    @Test func aFullBatchGoesAtOnce() throws {
        #expect(accept([1], at: 0))
        #expect(!accept([2, 3], at: 0.5))
        expectWait(1, at: 0.5)
        #expect(accept([4, 5], at: 0.75))
        #expect(try batch(at: 0.75).items == [1, 2, 3, 4])
        expectWait(1.75, at: 0.75)
        #expect(try batch(at: 1.75).items == [5])
    }

    @Test func nothingToDoIsNothingToWaitFor() {
        expectWait(nil, at: 0)
        #expect(!accept([], at: 0))
        expectWait(nil, at: 0)
    }

    @Test func theNewestAreDroppedAndCounted() throws {
        _ = accept(Array(1...8), at: 0)
        _ = accept([9, 10, 11, 12], at: 0)
        _ = accept([13], at: 0)
        #expect(queue.counts.accepted == 13)
        #expect(queue.counts.dropped[.queueFull] == 3)
        #expect(queue.counts.queued == 10)
        let first = try batch(at: 0)
        // What is on its way takes room, too.
        _ = accept([14], at: 0)
        #expect(queue.counts.dropped[.queueFull] == 4)
        #expect(settle(first.id, as: .delivered(rejected: 0), at: 0))
        _ = accept([15], at: 0)
        #expect(queue.counts.dropped[.queueFull] == 4)
        #expect(queue.counts.isBalanced)
    }

    @Test func onlySoManyAreOnTheirWay() throws {
        _ = accept(Array(1...10), at: 0)
        let first = try batch(at: 0)
        _ = try batch(at: 0)
        expectWait(nil, at: 5)
        _ = settle(first.id, as: .delivered(rejected: 0), at: 5)
        #expect(try batch(at: 5).items == [9, 10])
    }

    @Test(arguments: [(0, 4, 0), (1, 3, 1), (4, 0, 4), (99, 0, 4), (-5, 4, 0), (Int.max, 0, 4), (Int.min, 4, 0)])
    func rejectedSpansAreCounted(_ rejected: Int, _ exported: UInt64, _ lost: UInt64) throws {
        _ = accept([1, 2, 3, 4], at: 0)
        _ = settle(try batch(at: 0).id, as: .delivered(rejected: rejected), at: 0)
        #expect(queue.counts.exported == exported)
        #expect(queue.counts.dropped[.exportReject] == lost)
        #expect(queue.counts.isBalanced && queue.counts.queued == 0)
    }

    @Test func aRefusedBatchIsNotSentAgain() throws {
        _ = accept([1, 2, 3, 4], at: 0)
        _ = settle(try batch(at: 0).id, as: .refused, at: 0)
        expectWait(nil, at: 0)
        #expect(queue.counts.dropped[.exportReject] == 4)
    }

    @Test func aFailedBatchIsSentAgainBeforeOthersAndAlone() throws {
        _ = accept(Array(1...10), at: 0)
        let first = try batch(at: 0)
        _ = settle(first.id, as: .failed(retryAfter: nil), at: 0)
        guard case .wait(let instant?) = queue.next(now: at(0)) else { throw CancellationError() }
        #expect((0.5...1.5).contains(start.duration(to: instant) / .seconds(1)))

        let second = try batch(at: 1.5)
        #expect(second.items == first.items)
        #expect(second.attempt == 2)
        // Until the collector has answered, no other batch goes.
        expectWait(nil, at: 2)
        _ = settle(second.id, as: .delivered(rejected: 0), at: 2)
        #expect(try batch(at: 2).items == [5, 6, 7, 8])
        #expect(try batch(at: 2).items == [9, 10])
        #expect(queue.counts.exported == 4)
    }

    @Test func theCollectorsPauseIsKept() throws {
        _ = accept(Array(1...8), at: 0)
        let (first, second) = (try batch(at: 0), try batch(at: 0))
        _ = settle(first.id, as: .failed(retryAfter: .seconds(20)), at: 0)
        // The other batch's ordinary pause does not shorten it.
        _ = settle(second.id, as: .failed(retryAfter: nil), at: 0)
        guard case .wait(let instant?) = queue.next(now: at(19.9)) else { throw CancellationError() }
        #expect((20...22).contains(start.duration(to: instant) / .seconds(1)))
        #expect(try batch(at: 22).items == [1, 2, 3, 4])
    }

    @Test func anotherBatchsSuccessDoesNotEndTheCollectorsPause() throws {
        _ = accept(Array(1...10), at: 0)
        let (first, second) = (try batch(at: 0), try batch(at: 0))
        _ = settle(first.id, as: .failed(retryAfter: .seconds(20)), at: 0)
        _ = settle(second.id, as: .delivered(rejected: 0), at: 1)
        guard case .wait(let instant?) = queue.next(now: at(1)) else { throw CancellationError() }
        #expect(instant >= at(20))
        _ = settle(try batch(at: 22).id, as: .delivered(rejected: 0), at: 22)
        #expect(try batch(at: 22).items == [9, 10])
    }

    @Test func aBatchIsGivenUpInTheEnd() throws {
        _ = accept([1, 2, 3, 4], at: 0)
        var now = 0.0
        while now < 61 {
            let sent = try batch(at: now)
            _ = settle(sent.id, as: .failed(retryAfter: nil), at: now)
            guard queue.counts.queued > 0 else { break }
            guard case .wait(let instant?) = queue.next(now: at(now)) else { throw CancellationError() }
            now = start.duration(to: instant) / .seconds(1) + 0.001
        }
        // A millisecond after each pause, the last of which may end just before the batch is too old.
        #expect((40..<60.01).contains(now))
        #expect(queue.counts.dropped[.exportTimeout] == 4)
        #expect(queue.counts.isBalanced)
    }

    @Test func aPauseLongerThanABatchMayWaitGivesItUp() throws {
        _ = accept([1, 2, 3, 4], at: 0)
        _ = settle(try batch(at: 0).id, as: .failed(retryAfter: .seconds(86_400)), at: 0)
        #expect(queue.counts.dropped[.exportTimeout] == 4)
        // And silences hilo no longer than that.
        _ = accept([5, 6, 7, 8], at: 1)
        #expect(try batch(at: 66).items == [5, 6, 7, 8])
    }

    @Test func closingSendsWhatIsHeldAndThenEnds() throws {
        _ = accept([1, 2], at: 0)
        queue.close(deadline: at(10), now: at(0))
        let last = try batch(at: 0)
        #expect(last.items == [1, 2])
        _ = accept([3], at: 0)
        #expect(queue.counts.dropped[.shutdown] == 1)
        expectWait(10, at: 0)
        _ = settle(last.id, as: .delivered(rejected: 0), at: 1)
        guard case .finished = queue.next(now: at(1)) else { throw CancellationError() }
        #expect(queue.counts.exported == 2)
    }

    @Test func theDeadlineEndsEverything() throws {
        _ = accept(Array(1...10), at: 0)
        let sent = try batch(at: 0)
        queue.close(deadline: at(2), now: at(0))
        queue.close(deadline: at(9), now: at(0))
        guard case .finished = queue.next(now: at(2)) else { throw CancellationError() }
        #expect(queue.counts.dropped[.shutdown] == 10)
        // An answer that comes after all is not counted twice.
        #expect(!settle(sent.id, as: .delivered(rejected: 0), at: 3))
        #expect(queue.counts.isBalanced && queue.counts.exported == 0)
    }

    @Test func closingTriesOnceMoreDuringAPauseOfOurOwn() throws {
        _ = accept([1, 2, 3, 4], at: 0)
        _ = settle(try batch(at: 0).id, as: .failed(retryAfter: nil), at: 0)
        queue.close(deadline: at(0.4), now: at(0.1))
        #expect(try batch(at: 0.1).attempt == 2)
    }

    @Test func closingTriesOnceMoreDuringAPauseOfTheCollectors() throws {
        _ = accept(Array(1...8), at: 0)
        _ = settle(try batch(at: 0).id, as: .failed(retryAfter: .seconds(30)), at: 0)
        queue.close(deadline: at(10), now: at(1))
        let last = try batch(at: 1)
        expectWait(10, at: 1)
        // It still asks for peace, for longer than there is time: that was the last request.
        _ = settle(last.id, as: .failed(retryAfter: .seconds(29)), at: 2)
        guard case .finished = queue.next(now: at(2)) else { throw CancellationError() }
        #expect(queue.counts.dropped[.shutdown] == 8 && queue.counts.isBalanced)
    }

    @Test func aCollectorThatTakesTheLastRequestGetsTheRest() throws {
        _ = accept(Array(1...8), at: 0)
        _ = settle(try batch(at: 0).id, as: .failed(retryAfter: .seconds(30)), at: 0)
        queue.close(deadline: at(10), now: at(1))
        _ = settle(try batch(at: 1).id, as: .delivered(rejected: 0), at: 2)
        _ = settle(try batch(at: 2).id, as: .delivered(rejected: 0), at: 3)
        guard case .finished = queue.next(now: at(3)) else { throw CancellationError() }
        #expect(queue.counts.exported == 8)
    }

    /// Whatever happens in whatever order, each span is accounted for, and no batch is delivered twice.
    @Test(arguments: 0..<40)
    func everySpanIsAccountedFor(_ seed: Int) {
        var dice = Dice(state: UInt64(seed))
        var now = 0.0
        var flying: [Queue.Batch] = []
        var handedIn = 0
        var delivered: Set<Int> = []
        for step in 0..<2000 {
            now += Double.random(in: 0...0.5, using: &dice)
            switch Int.random(in: 0..<6, using: &dice) {
            case 0, 1:
                let count = Int.random(in: 0...6, using: &dice)
                _ = accept(Array(handedIn..<handedIn + count), at: now)
                handedIn += count
            case 2, 3:
                if case .send(let batch) = queue.next(now: at(now)) { flying.append(batch) }
            case 4 where !flying.isEmpty:
                let batch = flying.remove(at: Int.random(in: flying.indices, using: &dice))
                let outcomes: [DeliveryOutcome] = [
                    .delivered(rejected: 0), .delivered(rejected: .random(in: -2...6, using: &dice)), .refused,
                    .failed(retryAfter: nil), .failed(retryAfter: .seconds(.random(in: 0...100, using: &dice))),
                ]
                let outcome = outcomes.randomElement(using: &dice) ?? .refused
                if queue.settle(batch.id, as: outcome, now: at(now), using: &dice), case .delivered = outcome {
                    #expect(delivered.isDisjoint(with: batch.items))
                    delivered.formUnion(batch.items)
                }
            case 5 where step > 1800:
                queue.close(deadline: at(now + 5), now: at(now))
            default: break
            }
            #expect(queue.counts.isBalanced)
            #expect(queue.counts.queued <= 10)
            #expect(flying.count <= 2 || queue.counts.queued == 0)
        }
        #expect(queue.counts.accepted == UInt64(handedIn))
        queue.close(deadline: at(now), now: at(now))
        guard case .finished = queue.next(now: at(now)) else {
            Issue.record("must have ended")
            return
        }
        #expect(queue.counts.queued == 0 && queue.counts.isBalanced)
    }

    @Test func pausesGrowToALimitAndBeginAnew() {
        var dice = Dice(state: 1)
        var backoff = Backoff(initial: .seconds(1), longest: .seconds(8))
        let pauses = (0..<12).map { _ in backoff.pause(demanded: nil, using: &dice) / .seconds(1) }
        for (index, pause) in pauses.enumerated() {
            let middle = min(8, 1.5.power(index))
            #expect(pause >= middle * 0.5 && pause <= min(8, middle * 1.5))
        }
        #expect(Set(pauses).count > 8)
        #expect((7...7.7).contains(backoff.pause(demanded: .seconds(7), using: &dice) / .seconds(1)))
        #expect((0.5...1.5).contains(backoff.pause(demanded: .zero, using: &dice) / .seconds(1)))
        backoff.reset()
        #expect(backoff.pause(demanded: nil, using: &dice) <= .seconds(1.5))
    }
}

/// Chance that can be repeated: SplitMix64.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension Double {
    fileprivate func power(_ exponent: Int) -> Double { (0..<exponent).reduce(1) { result, _ in result * self } }
}
