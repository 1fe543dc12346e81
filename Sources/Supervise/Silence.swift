/// For how long a helper that is asked has said nothing, as whoever waits for it noticed. Pure.
///
/// Between two looks no more than a turn of the waiting loop counts: when the host is so busy, or was halted, that the
/// loop itself did not run, the helper did not either, and what it has to say is yet to come.
public struct Silence: Hashable, Sendable {
    private let longestTurn: UInt64
    private var last: UInt64
    private var quiet: UInt64 = 0

    /// - Parameter longestTurn: nanoseconds that count between two looks, at most.
    public init(longestTurn: UInt64, now: UInt64) {
        self.longestTurn = longestTurn
        last = now
    }

    /// Takes note of the time.
    ///
    /// - Parameter since: when the helper last said something, or was asked if that was later; nil when nothing is
    ///   asked.
    /// - Returns: nanoseconds of silence.
    public mutating func pass(now: UInt64, since: UInt64?) -> UInt64 {
        let turn = min(now &- last, longestTurn)
        last = now
        // A question may have been asked after the clock was read.
        let elapsed = since.map { now > $0 ? now - $0 : 0 } ?? 0
        quiet = min(quiet + turn, elapsed)
        return quiet
    }
}
