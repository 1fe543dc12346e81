/// Holds back lines of one kind that any traced process can bring about as often as it likes: some come in a row, then
/// one in so long a time. What is held back is counted, and the next line says how many. Pure.
public struct LineGate: Sendable {
    private let most: Int
    private let interval: Duration
    private var left: Int
    private var refilled: ContinuousClock.Instant?
    private var unsaid = 0

    public init(most: Int, interval: Duration) {
        self.most = most
        self.interval = interval
        left = most
    }

    /// - Returns: how many were held back before this line; nil: this one is, too.
    public mutating func admit(at now: ContinuousClock.Instant) -> Int? {
        let since = refilled ?? now
        let intervals = Int((now - since) / interval)
        left = min(most, left + intervals)
        refilled = left == most ? now : since + interval * intervals
        guard left > 0 else {
            unsaid += 1
            return nil
        }
        left -= 1
        defer { unsaid = 0 }
        return unsaid
    }
}
