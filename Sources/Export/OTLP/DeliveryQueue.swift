/// The bookkeeping of an exporter, without a clock, a network or a log: a bounded queue from which batches are sent,
/// retried and given up, and the count of what became of every item.
///
/// Whoever owns it asks ``next(now:)`` what to do, does it, and comes back with ``settle(_:as:now:using:)``. With a
/// spool there is more to do: see `DeliveryQueue+Spool`.
package struct DeliveryQueue<Item: Sendable>: Sendable {
    package struct Batch: Sendable {
        package let id: UInt64
        package let items: [Item]
        /// 1 for the first.
        package internal(set) var attempt: Int
        var firstSent: Instant?
    }

    package typealias Instant = ContinuousClock.Instant

    /// What to do now.
    package enum Step: Sendable {
        /// Send this batch and come back with its outcome; ask again at once.
        case send(Batch)
        /// Write this batch to the spool and come back with what became of it; ask again at once.
        case store(Batch)
        /// Send a batch from the spool and come back with its outcome; ask again at once.
        case drain(Drain)
        /// Ask again at this time, or when something happened: `nil` means that only something happening helps.
        case wait(until: Instant?)
        /// Nothing is left and nothing more will come. Batches that are still on their way are counted as lost: cancel
        /// them.
        case finished
    }

    /// What to take from the spool.
    package struct Drain: Hashable, Sendable {
        /// One that failed before; nil: the oldest that was not tried yet.
        package let batch: StoredBatch?
        /// Where this attempt fails, the batch is given up.
        package let isLast: Bool

        /// The same when hilo itself ended the attempt, which is no fault of the batch: it is not given up for that.
        var brokenOff: Self { Self(batch: batch, isLast: false) }
    }

    package internal(set) var counts = ExportCounts()

    let limits: DeliveryLimits
    var waiting = Backlog<Item>()
    var sending: [UInt64: Batch] = [:]
    /// With a spool, in the order in which they were made.
    var retrying: [Batch] = []
    private var backoff: Backoff
    var hold: Hold?
    var deadline: Instant?
    private var nextID: UInt64 = 0
    /// Nil where there is no spool.
    var lane: SpoolLane<Item>?

    /// Nothing is sent before this time.
    struct Hold: Sendable {
        var end: Instant
        /// By the collector; else by ``Backoff``.
        var isDemanded: Bool
    }

    package init(limits: DeliveryLimits, hasSpool: Bool = false) {
        self.limits = limits
        backoff = Backoff(initial: limits.initialPause, longest: limits.longestPause)
        if hasSpool {
            lane = SpoolLane(suspects: Suspects(limits))
            counts.spool = SpoolCounts()
        }
    }

    /// Takes what there is room for and drops the rest.
    ///
    /// - Returns: whether ``next(now:)`` has something new to say.
    package mutating func accept(_ items: [Item], now: Instant) -> Bool {
        guard !items.isEmpty else { return false }
        counts.accepted += UInt64(items.count)
        guard deadline == nil else {
            counts.dropped[.shutdown] += UInt64(items.count)
            return false
        }
        let taken = items.prefix(max(0, limits.capacity - Int(counts.queued)))
        counts.dropped[.queueFull] += UInt64(items.count - taken.count)
        guard !taken.isEmpty else { return false }
        let before = waiting.count
        counts.queued += UInt64(taken.count)
        waiting.append(taken, at: now)
        return before == 0 || (before < limits.maxBatch && waiting.count >= limits.maxBatch)
            || (lane != nil && before < overflowMark && waiting.count >= overflowMark)
    }

    package mutating func next(now: Instant) -> Step {
        if let deadline {
            let isHopeless = sending.isEmpty && hold.map { $0.end >= deadline } ?? false
            let isOver = canStore(now: now) ? now >= deadline + SpoolLane<Item>.grace : now >= deadline || isHopeless
            if isOver { giveUp() }
            if counts.queued == 0, !isDraining || now >= deadline { return .finished }
        }
        if isFreshToFeelTheWay(now: now) { return send(makeBatch(), now: now) }
        if let batch = batchToStore(now: now) { return store(batch) }
        if isTooLateToSend(now: now) { return wait(until: deadline, now: now) }
        // While the collector is in trouble, one batch at a time feels the way.
        guard requests < (hold == nil ? limits.concurrency : 1) else { return wait(until: deadline, now: now) }
        if let hold, now < hold.end { return wait(until: earliest(hold.end, deadline), now: now) }
        if let drain = drainDue(now: now) {
            lane?.isDraining = true
            return .drain(drain)
        }
        if !retrying.isEmpty { return send(retrying.removeFirst(), now: now) }
        guard let oldest = waiting.oldest else { return wait(until: deadline, now: now) }
        let due = oldest.advanced(by: limits.batchTimeout)
        guard waiting.count >= limits.maxBatch || deadline != nil || now >= due else {
            return wait(until: due, now: now)
        }
        return send(makeBatch(), now: now)
    }

    mutating func makeBatch() -> Batch {
        nextID += 1
        return Batch(id: nextID, items: waiting.removeFirst(limits.maxBatch), attempt: 0)
    }

    /// Counts the outcome of an attempt.
    ///
    /// - Returns: false when the batch was given up meanwhile; then nothing is counted.
    package mutating func settle(
        _ id: UInt64, as outcome: DeliveryOutcome, now: Instant, using generator: inout some RandomNumberGenerator
    ) -> Bool {
        guard let batch = sending.removeValue(forKey: id) else { return false }
        switch outcome {
        case .delivered(let rejected):
            answered(now: now)
            lane?.suspects.delivered(now: now)
            let lost = min(max(0, rejected), batch.items.count)
            counts.exported += UInt64(batch.items.count - lost)
            counts.queued -= UInt64(batch.items.count - lost)
            drop(lost, because: .exportReject)
        case .refused:
            answered(now: now)
            lane?.suspects.refused()
            drop(batch.items.count, because: .exportReject)
        case .failed(let retryAfter):
            lane?.suspects.failed()
            again(batch, at: failed(retryAfter: retryAfter, now: now, using: &generator), now: now)
        }
        return true
    }

    /// - Returns: the earliest that the same may be tried again.
    mutating func failed(
        retryAfter: Duration?, now: Instant, using generator: inout some RandomNumberGenerator
    ) -> Instant {
        // No collector may silence hilo for longer than a batch may be retried.
        let demanded = retryAfter.map { min($0, limits.longestRetry) }
        let end = now.advanced(by: backoff.pause(demanded: demanded, using: &generator))
        if end >= hold?.end ?? end { hold = Hold(end: end, isDemanded: demanded != nil) }
        return end
    }

    /// No more items: what is held is sent without waiting for batches to fill, until `deadline`. Of several calls the
    /// earliest deadline holds.
    package mutating func close(deadline: Instant, now: Instant) {
        self.deadline = earliest(deadline, self.deadline)
        // What cannot be sent is stored, at once.
        guard lane == nil else {
            lane?.close(deadline: deadline, now: now)
            return
        }
        // There is no later: try once more, even if the collector asked for peace. It gets one request.
        guard let hold else { return }
        self.hold?.end = min(hold.end, now)
        backoff.reset()
    }

    /// Items that counted as delivered were not: who took them could do nothing with them.
    package mutating func takeBack(_ count: Int) {
        counts.exported -= UInt64(count)
        counts.dropped[.exportReject] += UInt64(count)
    }

    private mutating func send(_ batch: Batch, now: Instant) -> Step {
        var batch = batch
        batch.attempt += 1
        batch.firstSent = batch.firstSent ?? now
        sending[batch.id] = batch
        return .send(batch)
    }

    private mutating func again(_ batch: Batch, at instant: Instant, now: Instant) {
        if canStore(now: now) {
            putBack(batch)
        } else if let deadline, instant >= deadline {
            drop(batch.items.count, because: .shutdown)
        } else if instant >= (batch.firstSent ?? now).advanced(by: limits.longestRetry) {
            drop(batch.items.count, because: .exportTimeout)
        } else {
            putBack(batch)
        }
    }

    mutating func putBack(_ batch: Batch) {
        let place = lane == nil ? nil : retrying.firstIndex { $0.id > batch.id }
        retrying.insert(batch, at: place ?? retrying.endIndex)
    }

    mutating func answered(now: Instant) {
        backoff.reset()
        // An answer to a request that was under way does not take back what the collector asked for since.
        if let hold, hold.isDemanded, hold.end > now { return }
        hold = nil
    }

    mutating func drop(_ count: Int, because reason: DropReason) {
        counts.queued -= UInt64(count)
        counts.dropped[reason] += UInt64(count)
    }

    private mutating func giveUp() {
        drop(Int(counts.queued), because: .shutdown)
        waiting = Backlog()
        retrying = []
        sending = [:]
        lane?.storing = nil
    }

    func earliest(_ instant: Instant, _ other: Instant?) -> Instant {
        min(instant, other ?? instant)
    }
}
