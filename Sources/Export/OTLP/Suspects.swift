/// The stored batches that failed, and which of them are to blame for it. Pure.
///
/// When a stored batch fails, what is tried next is another one. If that is delivered, the collector is well and the
/// first failure is the batch's own: the batch is charged. If it fails, too, the collector is sick, and nothing is held
/// against a batch that was not charged before. The more often a batch that feels the way has failed, the more others
/// are tried before it is its turn again: it may be what keeps the collector down.
///
/// A charged batch is tried at growing intervals, while the collector takes others. An interval counts when another was
/// delivered after the failure; when those that count exceed ``DeliveryLimits/longestRetry``, the next attempt is the
/// last. What passes while the collector is sick does not count, nor does what was before a restart.
package struct Suspects: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Suspect: Sendable {
        package let batch: StoredBatch
        /// The collector took another after this one had failed.
        package internal(set) var isCharged = false
        package internal(set) var isLast = false
        /// Not to be tried before.
        package internal(set) var due: Instant
        /// Charged, it failed again, and its interval begins when another has been delivered.
        var isParked = false
        /// The present interval, and the sum of those that count.
        var pause = Duration.zero
        var spent = Duration.zero
        var backoff: Backoff
    }

    /// So many are held. While there are as many, no other is read from the spool, and only what is fresh tells whether
    /// the collector is well.
    package static var capacity: Int { 256 }
    /// The part of an interval that counts where others failed after a charged batch, too: the collector may be sick,
    /// or the batch may have brought it down. Without it, such a batch would do so for ever.
    package static var shareOfDoubt: Int { 4 }

    private let limits: DeliveryLimits
    /// In order of age.
    private var list: [Suspect] = []
    /// Failed last, and what others tell of it is not known yet.
    package private(set) var unresolved: StoredBatch?
    /// So many others are to fail before a batch that is not charged has its turn again.
    private var others = 0
    /// How often such a batch has failed since the collector answered.
    private var rounds = 0

    package init(_ limits: DeliveryLimits) {
        self.limits = limits
    }

    package var isEmpty: Bool { list.isEmpty }

    package var isFull: Bool { list.count >= Self.capacity }

    package var spans: UInt64 { list.reduce(0) { $0 + $1.batch.spans } }

    // MARK: - What happened

    /// A stored batch failed.
    ///
    /// - Returns: whether it is known to fail by itself, so that it says nothing of the collector.
    package mutating func failed(
        _ batch: StoredBatch, now: Instant, using generator: inout some RandomNumberGenerator
    ) -> Bool {
        if let unresolved, unresolved != batch {
            failed()
        } else {
            unresolved = batch
            rounds += 1
            others = rounds
        }
        guard let index = index(of: batch) else {
            let backoff = Backoff(initial: limits.initialPause, longest: limits.longestPause)
            let place = list.firstIndex { batch < $0.batch } ?? list.endIndex
            list.insert(Suspect(batch: batch, due: now, backoff: backoff), at: place)
            return false
        }
        guard list[index].isCharged else { return false }
        list[index].pause = list[index].backoff.pause(demanded: nil, using: &generator)
        list[index].due = now + list[index].pause
        list[index].isParked = true
        return true
    }

    /// The collector took a batch that is not, or no longer, one of these.
    package mutating func delivered(now: Instant) {
        let index = unresolved.flatMap(index(of:))
        refused()
        for index in list.indices where list[index].isParked {
            list[index].isParked = false
            list[index].due = now + list[index].pause
        }
        guard let index else { return }
        // The first time it is due at once: the collector may have recovered in between.
        if list[index].isCharged { count(list[index].pause, against: index) }
        list[index].isCharged = true
    }

    /// A batch that is none of these failed.
    package mutating func failed() {
        guard let index = unresolved.flatMap(index(of:)) else { return }
        others -= 1
        if list[index].isCharged {
            count(list[index].pause / Self.shareOfDoubt, against: index)
        } else if others > 0 {
            return
        }
        unresolved = nil
    }

    /// The collector refused a batch, which says neither.
    package mutating func refused() {
        unresolved = nil
        rounds = 0
    }

    /// Nothing is to be done about this one any more.
    package mutating func remove(_ batch: StoredBatch) {
        list.removeAll { $0.batch == batch }
        if unresolved == batch { unresolved = nil }
    }

    /// These segments are gone.
    package mutating func remove(segments: [UInt64]) {
        for suspect in list where segments.contains(suspect.batch.segment) { remove(suspect.batch) }
    }

    // MARK: - What to try

    /// What is to be tried before others.
    ///
    /// - Parameter isTrouble: whether the collector has yet to show that it takes anything.
    package func first(now: Instant, isTrouble: Bool) -> Suspect? {
        guard unresolved == nil else { return nil }
        if isTrouble { return list.first { !$0.isCharged } }
        // By age, one that brings the collector down would always be before those that failed because of it.
        return list.lazy.filter { $0.due <= now && !$0.isParked }.min { $0.due < $1.due }
    }

    /// What is tried when nothing else is there that would tell of the unresolved one.
    package func lastResort(now: Instant) -> Suspect? {
        let due = list.filter { $0.due <= now }
        return due.last { !$0.isCharged && $0.batch != unresolved } ?? due.first { $0.batch != unresolved } ?? due.first
    }

    /// When one will be due that is not yet.
    package func nextDue(after now: Instant) -> Instant? {
        list.lazy.map(\.due).filter { $0 > now }.min()
    }

    private func index(of batch: StoredBatch) -> Int? { list.firstIndex { $0.batch == batch } }

    private mutating func count(_ interval: Duration, against index: Int) {
        list[index].spent += interval
        list[index].isLast = list[index].spent > limits.longestRetry
    }
}
