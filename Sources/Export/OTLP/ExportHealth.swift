/// Decides what an exporter says in the log: the beginning and the end of trouble, not every failed request.
///
/// Pure: the clock is a parameter. Each kind of notice comes at most once in ``quiet``, a few times if the reason of a
/// refusal changes; what was held back is said by the next.
package struct ExportHealth: Sendable {
    /// Something worth a line in the log.
    package enum Notice: Hashable, Sendable {
        /// The collector cannot be reached or is overloaded; spans are kept and sent again.
        case failing(reason: String, message: String)
        /// The collector does not take what it is sent; spans are lost.
        case refusing(reason: String, message: String)
        /// The end of either, after so long and with so many spans lost on the way.
        case recovered(after: Duration, lost: UInt64)
        /// Taken, but for this many spans of one request, or with a warning when it is none.
        case partial(rejected: Int, message: String)
        /// This many spans found the queue full since the last such notice.
        case overflow(lost: UInt64)
        /// This many spans were given up since the last such notice, since no attempt succeeded for so long.
        case expired(lost: UInt64)
    }

    private enum Topic: Hashable { case failing, refusing, partial, overflow, expired }

    private struct Trouble {
        var topic: Topic
        var reason: String
        let since: ContinuousClock.Instant
        let lostBefore: UInt64
        /// Something was said about it, so its end is worth saying.
        var isKnown = false
        /// Its present topic and reason were said.
        var isCurrent = false
        /// That the collector asked for a long pause was said.
        var isPauseKnown = false
    }

    private let quiet: Duration
    private var trouble: Trouble?
    private var lastSaid: [Topic: ContinuousClock.Instant] = [:]
    private var lastPartial: String?
    /// Why spans were refused, as it was said last; and when it was said because it was another reason than before.
    private var lastRefusal: String?
    private var refusalChanges: [ContinuousClock.Instant] = []
    private var overflowSaid: UInt64 = 0
    private var expiredSaid: UInt64 = 0

    /// So many other reasons for a refusal are said in ``quiet``, besides the first.
    private static let mostRefusalChanges = 3

    package init(quiet: Duration = .seconds(60)) {
        self.quiet = quiet
    }

    /// Notes the outcome of one request.
    ///
    /// - Parameters:
    ///   - lostBefore: how many spans had been lost in all before this outcome was counted.
    ///   - lost: how many with it.
    package mutating func note(
        _ outcome: DeliveryOutcome, reason: String, message: String, lostBefore: UInt64, lost: UInt64,
        now: ContinuousClock.Instant
    ) -> Notice? {
        switch outcome {
        case .failed(let retryAfter):
            // Nothing is heard of the collector for longer than trouble is otherwise silent.
            let isLongPause = retryAfter.map { $0 >= quiet } ?? false
            if isLongPause, trouble?.isPauseKnown != true {
                trouble?.isCurrent = false
                lastSaid[.failing] = nil
            }
            let notice = begin(
                .failing, .failing(reason: reason, message: message), reason, lostBefore: lostBefore, now: now)
            if isLongPause, notice != nil { trouble?.isPauseKnown = true }
            return notice
        case .refused:
            return begin(
                .refusing, .refusing(reason: reason, message: message), reason, lostBefore: lostBefore, now: now)
        case .delivered(let rejected):
            if let over = trouble {
                trouble = nil
                if over.isKnown { return .recovered(after: over.since.duration(to: now), lost: lost - over.lostBefore) }
            }
            guard rejected > 0 || !message.isEmpty, message != lastPartial, may(.partial, now) else { return nil }
            lastPartial = message
            return .partial(rejected: max(0, rejected), message: message)
        }
    }

    /// Notes how many spans have found the queue full in all.
    package mutating func note(overflow total: UInt64, now: ContinuousClock.Instant) -> Notice? {
        guard total > overflowSaid, may(.overflow, now) else { return nil }
        defer { overflowSaid = total }
        return .overflow(lost: total - overflowSaid)
    }

    /// Notes how many spans have been given up for their age in all.
    package mutating func note(expired total: UInt64, now: ContinuousClock.Instant) -> Notice? {
        guard total > expiredSaid, may(.expired, now) else { return nil }
        defer { expiredSaid = total }
        return .expired(lost: total - expiredSaid)
    }

    private mutating func begin(
        _ topic: Topic, _ notice: Notice, _ reason: String, lostBefore: UInt64, now: ContinuousClock.Instant
    ) -> Notice? {
        var current = trouble ?? Trouble(topic: topic, reason: reason, since: now, lostBefore: lostBefore)
        if current.topic != topic || (topic == .refusing && current.reason != reason) { current.isCurrent = false }
        current.topic = topic
        current.reason = reason
        defer { trouble = current }
        guard !current.isCurrent, may(topic, now) || (topic == .refusing && mayChange(to: reason, now)) else {
            return nil
        }
        if topic == .refusing { lastRefusal = reason }
        current.isKnown = true
        current.isCurrent = true
        return notice
    }

    /// A collector that first dislikes how it is sent something, and then who sends it, has said two things that
    /// somebody has to know.
    private mutating func mayChange(to reason: String, _ now: ContinuousClock.Instant) -> Bool {
        refusalChanges.removeAll { [quiet] in $0.duration(to: now) >= quiet }
        guard let lastRefusal, lastRefusal != reason, refusalChanges.count < Self.mostRefusalChanges else {
            return false
        }
        refusalChanges.append(now)
        return true
    }

    private mutating func may(_ topic: Topic, _ now: ContinuousClock.Instant) -> Bool {
        if let last = lastSaid[topic], last.duration(to: now) < quiet { return false }
        lastSaid[topic] = now
        return true
    }
}
