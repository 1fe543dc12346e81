/// How many lines somebody may have written to the log: twenty a second, and a hundred at once. What is left out is
/// counted. Pure; times are nanoseconds of a clock that does not go back.
public struct LogAllowance: Hashable, Sendable {
    /// In which one more may be written.
    private static let interval: UInt64 = 50_000_000
    public static let burst: UInt64 = 100
    /// From the first line that is left out to when it is said how many were.
    public static let pause: UInt64 = 10_000_000_000

    /// When a whole burst may be written again.
    private var restored: UInt64 = 0
    private var leftOut: UInt64 = 0
    private var sayAt: UInt64 = 0

    public init() {}

    /// Whether a line may be written; one that may not is counted.
    public mutating func admit(now: UInt64) -> Bool {
        let next = max(restored, now) &+ LogAllowance.interval
        guard next &- now <= LogAllowance.burst * LogAllowance.interval else {
            if leftOut == 0 { sayAt = now &+ LogAllowance.pause }
            leftOut += 1
            return false
        }
        restored = next
        return true
    }

    /// How many lines were left out, when it is time to say so. Said once.
    public mutating func settle(now: UInt64) -> UInt64? {
        now >= sayAt ? finish() : nil
    }

    /// How many lines were left out and not spoken of; nil when none were.
    public mutating func finish() -> UInt64? {
        guard leftOut > 0 else { return nil }
        defer { leftOut = 0 }
        return leftOut
    }
}
