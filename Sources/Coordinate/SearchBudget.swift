/// How often a process is searched, and how long: some times at once, then no more often than every two seconds, and a
/// quarter of the time at most. What it does decides when it is, and what it has mapped how long it takes; all others
/// wait meanwhile.
public struct SearchBudget: Sendable {
    private static let most = 4
    private static let interval = Duration.seconds(2)
    /// A search that takes longer counts for several.
    private static let length = Duration.milliseconds(500)

    /// Below none, where more was taken than there was.
    private var left = SearchBudget.most
    private var refilled: ContinuousClock.Instant?

    public init() {}

    /// Whether it may be searched now.
    public mutating func take(at now: ContinuousClock.Instant) -> Bool {
        refill(at: now)
        guard left > 0 else { return false }
        left -= 1
        return true
    }

    /// The search for which it was taken has ended.
    public mutating func spend(_ time: Duration) {
        left -= Int(time / SearchBudget.length)
    }

    /// Whether it is as one that was never searched.
    public mutating func isWhole(at now: ContinuousClock.Instant) -> Bool {
        refill(at: now)
        return left == SearchBudget.most
    }

    private mutating func refill(at now: ContinuousClock.Instant) {
        let since = refilled ?? now
        let intervals = Int((now - since) / SearchBudget.interval)
        left = min(SearchBudget.most, left + intervals)
        refilled = left == SearchBudget.most ? now : since + SearchBudget.interval * intervals
    }
}

/// Those of all processes: of one that is chosen anew its own goes on. Each process that another one starts has one of
/// its own.
public struct SearchBudgets: Sendable {
    /// With more, those are looked for that nothing is remembered by.
    private static let most = 4096

    private var budgets: [UInt32: SearchBudget] = [:]
    private var lookAt = SearchBudgets.most

    public init() {}

    public mutating func take(_ pid: UInt32, at now: ContinuousClock.Instant) -> Bool {
        if budgets.count >= lookAt {
            budgets = budgets.filter { _, budget in
                var budget = budget
                return !budget.isWhole(at: now)
            }
            // Not at every search, where all of them were searched of late.
            lookAt = max(SearchBudgets.most, 2 * budgets.count)
        }
        return budgets[pid, default: SearchBudget()].take(at: now)
    }

    public mutating func spend(_ time: Duration, on pid: UInt32) {
        budgets[pid]?.spend(time)
    }

    public var count: Int { budgets.count }
}
