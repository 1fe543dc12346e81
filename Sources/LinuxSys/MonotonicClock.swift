internal import Glibc

/// The clock of the records: CLOCK_MONOTONIC, which kernel programs read as `bpf_ktime_get_ns`.
public enum MonotonicClock {
    /// Nanoseconds since some fixed moment, standing still in suspend.
    public static func now() -> UInt64 {
        nanoseconds(CLOCK_MONOTONIC)
    }

    /// What has to be added to a monotonic time to make it nanoseconds since 1970, as of now.
    public static func offsetToUnix() -> Int64 {
        // The narrowest of a few bracketed readings: a preemption between two of them would shift every span.
        var best = (width: UInt64.max, offset: Int64(0))
        for _ in 0..<5 {
            let before = now()
            let unix = nanoseconds(CLOCK_REALTIME)
            let width = now() &- before
            if width < best.width {
                best = (width, Int64(bitPattern: unix &- (before &+ width / 2)))
            }
        }
        return best.offset
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // Cannot fail: both clocks exist on every kernel and the pointer is valid.
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
