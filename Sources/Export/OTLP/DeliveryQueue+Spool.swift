/// What a ``DeliveryQueue`` knows of its spool.
struct SpoolLane<Item: Sendable>: Sendable {
    /// The batch that is being written.
    var storing: DeliveryQueue<Item>.Batch?
    /// The batches in the spool that failed.
    var suspects: Suspects
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

/// What the outcome of a batch from the spool says something of.
package enum DrainMeaning: Hashable, Sendable {
    case ofTheCollector
    /// It failed, as it did before while the collector took others.
    case ofTheBatch
    /// It failed for the last time.
    case givenUp
}

/// With a spool, what cannot be sent at once is written to disk, and sent from there when the collector takes spans
/// again: the oldest first, one at a time, beside what is fresh.
///
/// - A batch that failed is stored, after those that were made before it. While the collector is in trouble, so is
///   each new batch, and the oldest stored one feels the way, in turn with another: what is fresh if there is
///   something, else the next. So no batch that fails by itself keeps the others: see ``Suspects``.
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

    /// Counts the outcome of a batch that came from the spool.
    ///
    /// - Parameter drain: the step that it was sent for.
    package mutating func settle(
        _ batch: StoredBatch, for drain: Drain, as outcome: DeliveryOutcome, _ report: SpoolReport, now: Instant,
        using generator: inout some RandomNumberGenerator
    ) -> DrainMeaning {
        note(report)
        lane?.isDraining = false
        let rejected: UInt64
        switch outcome {
        case .failed(let retryAfter):
            let isItsOwn = lane?.suspects.failed(batch, now: now, using: &generator) ?? false
            if !isItsOwn || retryAfter != nil { _ = failed(retryAfter: retryAfter, now: now, using: &generator) }
            guard drain.isLast else { return isItsOwn ? .ofTheBatch : .ofTheCollector }
            lane?.suspects.remove(batch)
            let lost = takeOut(batch.spans)
            counts.dropped[.spoolPoison] += lost
            return .givenUp
        case .refused:
            rejected = batch.spans
            lane?.suspects.remove(batch)
            lane?.suspects.refused()
        case .delivered(let count):
            rejected = min(UInt64(max(0, count)), batch.spans)
            lane?.suspects.remove(batch)
            lane?.suspects.delivered(now: now)
        }
        answered(now: now)
        let spans = takeOut(batch.spans)
        let lost = min(rejected, spans)
        counts.exported += spans - lost
        counts.dropped[.exportReject] += lost
        return .ofTheCollector
    }

    /// There was nothing to be had from the spool.
    package mutating func settle(_ drain: Drain, asLost isLost: Bool, _ report: SpoolReport, now: Instant) {
        note(report)
        lane?.isDraining = false
        if isLost, let batch = drain.batch {
            lane?.suspects.remove(batch)
        } else {
            lane?.unreadableUntil = now + SpoolLane<Item>.pause
        }
    }

    package mutating func note(_ report: SpoolReport) {
        lane?.suspects.remove(segments: report.removed)
        let (overflow, unreadable) = (takeOut(report.overflow), takeOut(report.unreadable))
        counts.spool?.damaged += report.damaged
        counts.spool?.failures += UInt64(report.failures.count)
        counts.dropped[.spoolFull] += overflow
        counts.dropped[.spoolDamaged] += unreadable
    }

    /// So many spans are in the spool no more. The number was read from the disk, where it may have changed since it
    /// was counted.
    ///
    /// - Returns: how many it was, of those that are known to be in it.
    private mutating func takeOut(_ spans: UInt64) -> UInt64 {
        let known = min(spans, counts.spool?.left ?? 0)
        counts.spool?.left -= known
        return known
    }

    // MARK: - What to do

    /// So many spans that wait are a reason to store some.
    var overflowMark: Int { max(limits.maxBatch, limits.capacity / 2) }

    var isDraining: Bool { lane?.isDraining ?? false }

    /// Requests that are under way.
    var requests: Int { sending.count + (isDraining ? 1 : 0) }

    /// Whether there is something in the spool that was not tried yet.
    private var hasUntried: Bool {
        guard let left = counts.spool?.left, let lane else { return false }
        return left > lane.suspects.spans && !lane.suspects.isFull
    }

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

    /// What is to be sent from the spool now, if no more requests are under way than may be.
    func drainDue(now: Instant) -> Drain? {
        guard let lane, !lane.isDraining, deadline == nil, lane.unreadableUntil.map({ now >= $0 }) ?? true else {
            return nil
        }
        // Where the disk refuses, what waits in memory has its turn, too.
        if hold != nil, lane.suspects.unresolved != nil, !retrying.isEmpty { return nil }
        if let first = lane.suspects.first(now: now, isTrouble: hold != nil) {
            return Drain(batch: first.batch, isLast: first.isLast)
        }
        if hasUntried { return Drain(batch: nil, isLast: false) }
        guard waiting.count == 0, retrying.isEmpty, sending.isEmpty,
            let last = lane.suspects.lastResort(now: now)
        else { return nil }
        return Drain(batch: last.batch, isLast: last.isLast)
    }

    /// Whether what is fresh is to show whether the collector takes anything, since a stored batch alone does not tell.
    func isFreshToFeelTheWay(now: Instant) -> Bool {
        guard let lane, !lane.suspects.isEmpty, let hold, now >= hold.end, deadline == nil, requests == 0,
            retrying.isEmpty, waiting.count > 0
        else { return false }
        return lane.suspects.first(now: now, isTrouble: true) == nil
            && (lane.suspects.unresolved != nil || !hasUntried)
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
        // One that feels the way may be long under way.
        guard sending.isEmpty || waiting.count >= overflowMark, let oldest = waiting.oldest else { return nil }
        let isDue = waiting.count >= limits.maxBatch || now >= oldest.advanced(by: limits.batchTimeout)
        return isDue || deadline != nil ? makeBatch() : nil
    }

    /// Waits until there may be something to store or to drain, too.
    func wait(until instant: Instant?, now: Instant) -> Step {
        guard let lane else { return .wait(until: instant) }
        var instants = [instant, lane.brokenUntil, lane.storeFrom].compactMap(\.self)
        if let left = counts.spool?.left, left > 0, let instant = lane.unreadableUntil { instants.append(instant) }
        if !lane.isDraining, let due = lane.suspects.nextDue(after: now) { instants.append(due) }
        if let deadline { instants += [deadline, deadline + SpoolLane<Item>.grace] }
        if hold != nil, let oldest = waiting.oldest { instants.append(oldest.advanced(by: limits.batchTimeout)) }
        return .wait(until: instants.filter { $0 > now }.min())
    }
}
