/// How often a process is searched: some times at once, then no more often than every two seconds. What it does decides
/// when it is, and all others wait meanwhile.
public struct SearchBudget {
    private static let most = 4
    private static let interval = Duration.seconds(2)

    private var left = SearchBudget.most
    private var refilled: ContinuousClock.Instant?

    public init() {}

    /// Whether it may be searched now.
    public mutating func take(at now: ContinuousClock.Instant) -> Bool {
        let since = refilled ?? now
        let intervals = Int((now - since) / SearchBudget.interval)
        left = min(SearchBudget.most, left + intervals)
        refilled = left == SearchBudget.most ? now : since + SearchBudget.interval * intervals
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}
