/// How CLOCK_MONOTONIC, in which the kernel side stamps, maps to Unix time.
public struct ClockMap: Hashable, Sendable {
    /// Nanoseconds to add to a monotonic time to get Unix time.
    public var monotonicToUnixNanos: Int64

    public init(monotonicToUnixNanos: Int64) {
        self.monotonicToUnixNanos = monotonicToUnixNanos
    }

    /// Unix nanoseconds of a monotonic time; what does not fit is clamped.
    public func unixNanos(_ monotonic: UInt64) -> UInt64 {
        let (sum, overflow) = monotonic.addingReportingOverflow(UInt64(bitPattern: monotonicToUnixNanos))
        if monotonicToUnixNanos < 0 { return overflow ? sum : 0 }
        return overflow ? .max : sum
    }
}
