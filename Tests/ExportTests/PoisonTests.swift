import Export
import Testing

/// A queue with a spool, and a collector that fails for some batches only. The clock runs as fast as it is asked to.
@Suite struct PoisonTests {
    /// A collector that always fails at -1, the oldest span, takes what is fresh and all the rest.
    @Test func oneThatAlwaysFailsKeepsNobody() {
        var world = World(stored: (1...20).map { [-$0] }) { $0.contains(-1) }
        world.run(until: 600, every: 0.5)
        world.run(until: 610)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 1 && world.counts.dropped[.spoolPoison] == 1)
        #expect(world.arrived.count == world.handedIn.count + 19 && world.longestWait < 5)
        #expect((2...20).allSatisfy { world.arrived[-$0].map { $0 < 20 } ?? false })
        #expect(world.attempts[-1].map { (50...150).contains($0) } ?? false, "\(world.attempts[-1] ?? 0)")
        // Once the culprit is known, nothing else is ever held up by it.
        #expect((2...20).allSatisfy { world.attempts[-$0] == 1 })
        #expect(world.attempts.count { $0.value > 1 } <= 2)
    }

    /// Where there is nothing else to tell, it is tried on, and kept.
    @Test func oneThatAlwaysFailsIsNotLostWhereNothingElseIsSent() {
        var world = World(stored: (1...20).map { [-$0] }) { $0.contains(-1) }
        world.run(until: 3600)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 0 && world.counts.spool?.left == 1)
        #expect(world.arrived.count == 19)
        #expect(world.attempts[-1].map { (700...1500).contains($0) } ?? false, "\(world.attempts[-1] ?? 0)")
    }

    /// What is fresh waits on the disk behind those that are found out one after another.
    @Test func manyThatAlwaysFailKeepNobody() {
        var world = World(stored: (1...100).map { [-$0] }) { $0[0] < 0 && !$0[0].isMultiple(of: 4) }
        world.run(until: 300, every: 0.5)
        #expect((1...25).allSatisfy { world.arrived[-4 * $0] != nil })
        world.run(until: 8 * 3600, every: 0.5)
        world.run(until: 8 * 3600 + 10)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 75)
        #expect(world.counts.dropped[.spoolPoison] == 75)
        #expect(world.arrived.count == world.handedIn.count + 25 && world.longestWait < 300, "\(world.longestWait)")
    }

    /// Each attempt keeps the collector from answering anything for five seconds.
    @Test func oneThatBringsTheCollectorDownEnds() {
        var world = World(stored: (1...20).map { [-$0] }) { $0.contains(-1) }
        world.downtime = 5
        world.run(until: 2 * 3600, every: 0.5)
        world.run(until: 2 * 3600 + 10)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 1 && world.counts.dropped[.spoolPoison] == 1)
        #expect(world.arrived.count == world.handedIn.count + 19 && world.longestWait < 90, "\(world.longestWait)")
    }

    @Test func aSickCollectorCostsNothingAndOrderIsKept() {
        var world = World(stored: (1...20).map { [-$0] }) { _ in false }
        world.sickUntil = 24 * 3600
        world.run(until: 1000, every: 0.5)
        world.run(until: 25 * 3600)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 0 && world.counts.spool?.left == 0)
        #expect(world.arrived.count == world.handedIn.count + 20)
        let old = world.order.filter { $0 < 0 }.map { -$0 }
        #expect(zip(old, old.dropFirst()).count { $0 > $1 } <= 1, "but for the one that felt the way: \(old)")
    }

    @Test func anOverloadedCollectorCostsNothing() {
        var world = World(stored: (1...200).map { [-$0] }) { _ in false }
        world.taken = 0.3
        world.run(until: 1000, every: 0.5)
        world.run(until: 5000)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 0 && world.counts.spool?.left == 0)
        #expect(world.arrived.count == world.handedIn.count + 200)
    }

    /// The spool does not know what the run before had found out.
    @Test func aRestartBeginsAnewAndKeepsNobodyEither() {
        var world = World(stored: (1...20).map { [-$0] }) { $0.contains(-1) }
        world.run(until: 100, every: 0.5)
        world.restart()
        #expect(world.counts.spool?.recovered == 1)
        world.run(until: 700, every: 0.5)
        world.run(until: 710)
        #expect(world.counts.isBalanced && world.counts.dropped.total == 1 && world.counts.dropped[.spoolPoison] == 1)
        #expect(world.arrived.count == world.handedIn.count + 19 && world.longestWait < 5)
    }
}

private struct World {
    typealias Queue = DeliveryQueue<Int>

    static let limits = DeliveryLimits(
        capacity: 2000, maxBatch: 4, batchTimeout: .seconds(1), concurrency: 2, initialPause: .seconds(1),
        longestPause: .seconds(5), longestRetry: .seconds(300))

    private struct Flight {
        let end: Double
        let step: Queue.Step
        let items: [Int]
        let outcome: DeliveryOutcome
    }

    let isPoison: ([Int]) -> Bool
    /// For so many seconds after a poison batch the collector answers nothing.
    var downtime = 0.0
    var sickUntil = 0.0
    /// The share of requests that the collector takes.
    var taken = 1.0
    private(set) var handedIn: [Int: Double] = [:]
    private(set) var arrived: [Int: Double] = [:]
    private(set) var order: [Int] = []
    private(set) var attempts: [Int: Int] = [:]

    private let start = ContinuousClock.now
    private var queue = Queue(limits: limits, hasSpool: true)
    private var dice = Dice(state: 1)
    private var now = 0.0
    private var disk: [(batch: StoredBatch, items: [Int])] = []
    private var written = 0
    private var read = 0
    private var flights: [Flight] = []

    /// - Parameter stored: what an earlier run left; by convention negative.
    init(stored: [[Int]], isPoison: @escaping ([Int]) -> Bool) {
        self.isPoison = isPoison
        for items in stored { store(items) }
        recover()
    }

    var counts: ExportCounts { queue.counts }

    /// Seconds, of what was handed in.
    var longestWait: Double { arrived.map { $0.value - (handedIn[$0.key] ?? $0.value) }.max() ?? 0 }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private mutating func store(_ items: [Int]) {
        written += 1
        disk.append((StoredBatch(segment: 1, offset: written, spans: UInt64(items.count)), items))
    }

    private mutating func recover() {
        var recovery = SpoolRecovery()
        recovery.spans = UInt64(disk.reduce(0) { $0 + $1.items.count })
        queue.recovered(recovery)
    }

    /// What is on its way arrives; what waits in memory is stored.
    mutating func restart() {
        while !flights.isEmpty { land() }
        queue.close(deadline: at(now), now: at(now))
        while case .store(let batch) = queue.next(now: at(now)) {
            store(batch.items)
            _ = queue.settle(batch.id, as: .written, SpoolReport(), now: at(now))
        }
        // What is fresh is of no interest: only what the run before left.
        for (batch, items) in disk where items[0] > 0 {
            disk.removeAll { $0.batch == batch }
            for item in items { handedIn[item] = nil }
        }
        queue = Queue(limits: Self.limits, hasSpool: true)
        read = 0
        recover()
    }

    /// - Parameter pause: hands in an item so often, in seconds.
    mutating func run(until end: Double, every pause: Double = .infinity) {
        var nextItem = now
        while now < end {
            if now >= nextItem {
                if pause < .infinity {
                    let item = (handedIn.keys.max() ?? 0) + 1
                    handedIn[item] = now
                    _ = queue.accept([item], now: at(now))
                }
                nextItem = now + pause
            }
            var wake = end
            switch queue.next(now: at(now)) {
            case .send(let batch):
                send(.send(batch), batch.items)
                continue
            case .drain(let drain):
                guard let entry = entry(for: drain) else { return }
                read = max(read, entry.batch.offset)
                send(.drain(drain), entry.items)
                continue
            case .store(let batch):
                store(batch.items)
                _ = queue.settle(batch.id, as: .written, SpoolReport(), now: at(now))
                continue
            case .wait(let instant):
                // Rounded, it may lie a nanosecond before.
                if let instant { wake = min(wake, start.duration(to: instant) / .seconds(1) + 1e-6) }
            case .finished: break
            }
            if let landing = flights.map(\.end).min(), landing <= min(wake, nextItem) {
                land()
            } else {
                now = min(wake, nextItem)
            }
        }
    }

    private func entry(for drain: Queue.Drain) -> (batch: StoredBatch, items: [Int])? {
        let entry = disk.first { entry in drain.batch.map { $0 == entry.batch } ?? (entry.batch.offset > read) }
        if entry == nil { Issue.record("there is no such batch") }
        return entry
    }

    private mutating func send(_ step: Queue.Step, _ items: [Int]) {
        for item in items { attempts[item, default: 0] += 1 }
        var isTaken = now >= sickUntil && Double.random(in: 0..<1, using: &dice) < taken
        if isPoison(items) {
            if isTaken { sickUntil = now + downtime }
            isTaken = false
        }
        flights.append(
            Flight(
                end: now + 0.01, step: step, items: items,
                outcome: isTaken ? .delivered(rejected: 0) : .failed(retryAfter: nil)))
    }

    private mutating func land() {
        let flight = flights.removeFirst()
        now = max(now, flight.end)
        let isTaken = flight.outcome == .delivered(rejected: 0)
        switch flight.step {
        case .send(let batch): _ = queue.settle(batch.id, as: flight.outcome, now: at(now), using: &dice)
        case .drain(let drain):
            guard let index = disk.firstIndex(where: { $0.items == flight.items }) else { return }
            let meaning = queue.settle(
                disk[index].batch, for: drain, as: flight.outcome, SpoolReport(), now: at(now), using: &dice)
            if isTaken || meaning == .givenUp { disk.remove(at: index) }
        case .store, .wait, .finished: break
        }
        guard isTaken else { return }
        for item in flight.items {
            #expect(arrived[item] == nil, "twice")
            arrived[item] = now
            order.append(item)
        }
    }
}
