public import BPFABI

/// Finds out whether what passes the program that writes headers fails more often for it. Pure; times are nanoseconds
/// of a clock that does not go back.
///
/// That calls fail is no news of hilo: services do. So when more of them do than before, chance decides for some
/// seconds which connections are enrolled, and those are compared with the ones that would have been: whatever else
/// happens on the host happens to both.
public struct EnrolmentWatch: Hashable, Sendable {
    /// Calls whose requests passed that program, and calls that chance kept from it.
    public struct Evidence: Hashable, Sendable {
        public struct Calls: Hashable, Sendable {
            public var count: UInt64
            /// No answer, or a status from 400 on.
            public var failed: UInt64
            /// Segments that were sent again.
            public var resent: UInt64
        }

        public let enrolled: Calls
        public let withheld: Calls

        init(_ counters: KernelCounters) {
            enrolled = Calls(
                count: counters[HILO_COUNT_CALLS_ENROLLED], failed: counters[HILO_COUNT_CALLS_ENROLLED_FAILED],
                resent: counters[HILO_COUNT_CALLS_ENROLLED_RESENT])
            withheld = Calls(
                count: counters[HILO_COUNT_CALLS_WITHHELD], failed: counters[HILO_COUNT_CALLS_WITHHELD_FAILED],
                resent: counters[HILO_COUNT_CALLS_WITHHELD_RESENT])
        }
    }

    public enum Event: Hashable, Sendable {
        /// Chance decides from now on.
        case tries(Evidence)
        /// It is not what calls fail of.
        case acquits(Evidence)
        /// It is: nothing is enrolled any more.
        case stops(Evidence)
    }

    private enum Phase: Hashable {
        case watching(since: UInt64?)
        case trying(since: UInt64)
        case stopped
    }

    private var phase = Phase.watching(since: nil)
    private var counted = KernelCounters()
    /// Shares that were found not to be for enrolment.
    private var accepted = Shares(failed: 0, resent: 0)
    private var nextTrial: UInt64 = 0
    private var pause = EnrolmentWatch.firstPause

    private static let second: UInt64 = 1_000_000_000
    /// So many failures are looked at, or the ones of so long.
    private static let leastTrouble: UInt64 = 10
    private static let longestWindow = 10 * second
    /// So much more than before, or than without, is trouble.
    private static let leastExcess = 0.05
    /// So many calls of either kind are compared at least, for so long at most.
    private static let leastCalls: UInt64 = 20
    private static let longestTrial = 10 * second
    /// Standard deviations. By chance alone a trial's verdict is wrong once in 30,000.
    private static let certainty = 4.0
    /// Between trials: twice as long after each.
    private static let firstPause = 30 * second
    private static let longestPause = 1800 * second

    public init() {}

    /// What the kernel side is to do.
    public var enrolling: hilo_enrolling {
        switch phase {
        case .watching: HILO_ENROLLING_ALL
        case .trying: HILO_ENROLLING_HALF
        case .stopped: HILO_ENROLLING_NONE
        }
    }

    /// - Parameter total: what was counted since the run began.
    /// - Returns: what `enrolling` has changed for.
    public mutating func take(_ total: KernelCounters, now: UInt64) -> Event? {
        switch phase {
        case .stopped: return nil
        case .watching(nil):
            begin(.watching(since: now), at: total)
            return nil
        case .watching(let since?):
            return watch(Evidence(total.since(counted)), total, since: since, now: now)
        case .trying(let since):
            return judge(Evidence(total.since(counted)), total, since: since, now: now)
        }
    }

    private mutating func begin(_ phase: Phase, at total: KernelCounters) {
        (self.phase, counted) = (phase, total)
    }

    private mutating func watch(_ evidence: Evidence, _ total: KernelCounters, since: UInt64, now: UInt64) -> Event? {
        let calls = evidence.enrolled
        let isTroubled = max(calls.failed, calls.resent) >= EnrolmentWatch.leastTrouble
        guard isTroubled || now &- since >= EnrolmentWatch.longestWindow else { return nil }
        let shares = Shares(calls)
        let isWorse =
            shares.failed - accepted.failed >= EnrolmentWatch.leastExcess
            || shares.resent - accepted.resent >= EnrolmentWatch.leastExcess
        guard isTroubled, isWorse, now >= nextTrial else {
            if calls.count >= EnrolmentWatch.leastCalls { accepted.lower(to: shares) }
            begin(.watching(since: now), at: total)
            return nil
        }
        begin(.trying(since: now), at: total)
        return .tries(evidence)
    }

    private mutating func judge(_ evidence: Evidence, _ total: KernelCounters, since: UInt64, now: UInt64) -> Event? {
        let (with, without) = (evidence.enrolled, evidence.withheld)
        let isEnough = min(with.count, without.count) >= EnrolmentWatch.leastCalls
        if isEnough, isFor(with, without) {
            phase = .stopped
            return .stops(evidence)
        }
        // As bad without it: it need not take longer. Or it is not so sure.
        let isClear = isEnough && Shares(without).failed >= Shares(with).failed - EnrolmentWatch.leastExcess
        guard isClear || now &- since >= EnrolmentWatch.longestTrial else { return nil }
        accepted.raise(to: Shares(with))
        nextTrial = now &+ pause
        pause = min(pause * 2, EnrolmentWatch.longestPause)
        begin(.watching(since: now), at: total)
        return .acquits(evidence)
    }

    /// Do more fail with it than without, or are more segments sent again, and is that no chance?
    private func isFor(_ with: Evidence.Calls, _ without: Evidence.Calls) -> Bool {
        let (n, m) = (Double(with.count), Double(without.count))
        let (p, q) = (Double(with.failed) / n, Double(without.failed) / m)
        let both = Double(with.failed + without.failed) / (n + m)
        let deviation = (both * (1 - both) * (1 / n + 1 / m)).squareRoot()
        if p - q >= EnrolmentWatch.leastExcess, p - q >= EnrolmentWatch.certainty * deviation { return true }
        let (a, b) = (Double(with.resent), Double(without.resent))
        let difference = a / n - b / m
        return difference >= EnrolmentWatch.leastExcess
            && difference >= EnrolmentWatch.certainty * (a / (n * n) + b / (m * m)).squareRoot()
    }
}

/// Of calls: how many failed, how many segments were sent again for each.
private struct Shares: Hashable {
    var failed: Double
    var resent: Double

    init(failed: Double, resent: Double) {
        (self.failed, self.resent) = (failed, resent)
    }

    init(_ calls: EnrolmentWatch.Evidence.Calls) {
        let count = Double(max(calls.count, 1))
        self.init(failed: Double(calls.failed) / count, resent: Double(calls.resent) / count)
    }

    mutating func lower(to other: Shares) {
        (failed, resent) = (min(failed, other.failed), min(resent, other.resent))
    }

    mutating func raise(to other: Shares) {
        (failed, resent) = (max(failed, other.failed), max(resent, other.resent))
    }
}
