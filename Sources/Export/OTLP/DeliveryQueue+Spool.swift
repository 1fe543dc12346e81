/// What a ``DeliveryQueue`` knows of its spool.
struct SpoolLane<Item: Sendable>: Sendable {
    /// The batch that is being written.
    var storing: DeliveryQueue<Item>.Batch?
    /// One from the spool is on its way.
    var isDraining = false
    /// Nothing is written before this time, since the last attempt failed.
    var brokenUntil: ContinuousClock.Instant?
    /// Nothing is read before this time.
    var unreadableUntil: ContinuousClock.Instant?
    /// From this time on, what is left is stored, whatever the collector does.
    var storeFrom: ContinuousClock.Instant?

    /// How long a disk that failed is left alone.
    static var pause: Duration { .seconds(5) }
    /// Storing what is left begins so long before a deadline, or when half of the time until then is over; and it may
    /// take so long after it.
    static var grace: Duration { .seconds(1) }

    mutating func close(deadline: ContinuousClock.Instant, now: ContinuousClock.Instant) {
        brokenUntil = nil
        let begin = deadline - min(Self.grace, max(.zero, now.duration(to: deadline) / 2))
        storeFrom = min(begin, storeFrom ?? begin)
    }
}

/// With a spool, what cannot be sent at once is written to disk, and sent from there when the collector takes spans
/// again: the oldest first, one at a time, beside what is fresh.
///
/// - A batch that failed is stored, after those that were made before it. While the collector is in trouble, so is
///   each new batch, and the oldest stored one feels the way.
/// - When all requests are under way and half of the queue is full, batches are stored too.
/// - Of the requests that may be under way, one is for the spool as long as there is something in it.
/// - When it is closed in times of trouble, or at its deadline, the rest is stored. A batch that was on its way then
///   may arrive twice.
/// - A spool that cannot be written is as good as none for a while: batches wait in memory, and are given up as they
///   are without a spool.
extension DeliveryQueue {
    // MARK: - What became of it

    /// What was found at the start.
    package mutating func recovered(_ recovery: SpoolRecovery) {
        counts.spool?.recovered += recovery.spans
        counts.spool?.left += recovery.spans
        counts.spool?.torn += recovery.torn
        note(recovery.report)
    }

    /// - Returns: false when the batch was given up meanwhile; then it is not counted again.
    package mutating func settle(
        _ id: UInt64, as outcome: SpoolWriting, _ report: SpoolReport, now: Instant
    ) -> Bool {
        note(report)
        guard let batch = lane?.storing, batch.id == id else { return false }
        lane?.storing = nil
        switch outcome {
        case .written:
            counts.queued -= UInt64(batch.items.count)
            counts.spool?.left += UInt64(batch.items.count)
        case .tooLarge:
            drop(batch.items.count, because: .spoolFull)
        case .failed:
            lane?.brokenUntil = now + SpoolLane<Item>.pause
            putBack(batch)
        }
        return true
    }

    /// Counts the outcome of a batch of so many spans that came from the spool.
    package mutating func settleDrained(
        _ spans: UInt64, as outcome: DeliveryOutcome, _ report: SpoolReport, now: Instant,
        using generator: inout some RandomNumberGenerator
    ) {
        note(report)
        lane?.isDraining = false
        let rejected: UInt64
        switch outcome {
        case .failed(let retryAfter):
            _ = failed(retryAfter: retryAfter, now: now, using: &generator)
            return
        case .refused: rejected = spans
        case .delivered(let count): rejected = min(UInt64(max(0, count)), spans)
        }
        answered(now: now)
        counts.spool?.left -= spans
        counts.exported += spans - rejected
        counts.dropped[.exportReject] += rejected
    }

    /// There was nothing to be had from the spool.
    package mutating func drainedNothing(_ report: SpoolReport, now: Instant) {
        note(report)
        lane?.isDraining = false
        lane?.unreadableUntil = now + SpoolLane<Item>.pause
    }

    package mutating func note(_ report: SpoolReport) {
        counts.spool?.left -= report.overflow + report.unreadable
        counts.spool?.damaged += report.damaged
        counts.spool?.failures += UInt64(report.failures.count)
        counts.dropped[.spoolFull] += report.overflow
        counts.dropped[.spoolDamaged] += report.unreadable
    }

    // MARK: - What to do

    /// So many spans that wait are a reason to store some.
    var overflowMark: Int { max(limits.maxBatch, limits.capacity / 2) }

    var isDraining: Bool { lane?.isDraining ?? false }

    /// Requests that are under way.
    var requests: Int { sending.count + (isDraining ? 1 : 0) }

    /// How many requests may be for what was never stored.
    var lanesForFresh: Int {
        hasStored && deadline == nil ? max(1, limits.concurrency - 1) : limits.concurrency
    }

    private var hasStored: Bool { counts.spool.map { $0.left > 0 } ?? false }

    /// Whether what cannot be sent can be written to disk.
    func canStore(now: Instant) -> Bool {
        guard let lane else { return false }
        return lane.storing != nil || lane.brokenUntil.map { now >= $0 } ?? true
    }

    /// Whether the rest is to be stored, whatever the collector does.
    func isTooLateToSend(now: Instant) -> Bool {
        guard let begin = lane?.storeFrom, canStore(now: now) else { return false }
        return now >= begin
    }

    func isDrainDue(now: Instant) -> Bool {
        guard let lane, hasStored, !lane.isDraining, deadline == nil else { return false }
        return lane.unreadableUntil.map { now >= $0 } ?? true
    }

    mutating func drain() -> Step {
        lane?.isDraining = true
        return .drain
    }

    mutating func store(_ batch: Batch) -> Step {
        lane?.storing = batch
        return .store(batch)
    }

    mutating func batchToStore(now: Instant) -> Batch? {
        guard let lane, lane.storing == nil, canStore(now: now) else { return nil }
        let isLast = isTooLateToSend(now: now)
        if isLast {
            for batch in sending.values { putBack(batch) }
            sending = [:]
        }
        guard hold != nil || isLast else {
            let isOverflowing = waiting.count >= overflowMark && requests >= limits.concurrency
            return isOverflowing ? makeBatch() : nil
        }
        // Batches are stored in the order in which they were made.
        if let first = retrying.first {
            return sending.keys.contains { $0 < first.id } ? nil : retrying.removeFirst()
        }
        guard sending.isEmpty, let oldest = waiting.oldest else { return nil }
        let isDue = waiting.count >= limits.maxBatch || now >= oldest.advanced(by: limits.batchTimeout)
        return isDue || deadline != nil ? makeBatch() : nil
    }

    /// Waits until there may be something to store or to drain, too.
    func wait(until instant: Instant?, now: Instant) -> Step {
        guard let lane else { return .wait(until: instant) }
        var instants = [instant, lane.brokenUntil, lane.storeFrom].compactMap(\.self)
        if hasStored, let instant = lane.unreadableUntil { instants.append(instant) }
        if let deadline { instants += [deadline, deadline + SpoolLane<Item>.grace] }
        if hold != nil, let oldest = waiting.oldest { instants.append(oldest.advanced(by: limits.batchTimeout)) }
        return .wait(until: instants.filter { $0 > now }.min())
    }
}
