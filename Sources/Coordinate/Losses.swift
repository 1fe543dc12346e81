import BPFABI

/// What kept something from being traced: what is to be said of it, and when all processes have to be looked at because
/// of it. Pure; times are nanoseconds of a clock that does not go back.
public struct Losses: Hashable, Sendable {
    /// From one look at all processes to the next: a ring that is full for long says so with every count, and to look
    /// costs time that is short just then.
    public static let pause: UInt64 = 30_000_000_000

    /// What was counted when losses were last reported, and when all processes were last to be looked at.
    private var reported = KernelCounters()
    private var lookedAt = KernelCounters()
    private var lookAgainAt: UInt64 = 0
    /// Processes of which it was told that their calls get no header any more, and how many were counted last.
    private var harmedTold: UInt64 = 0
    private var harmedCounted: UInt64 = 0

    public init() {}

    /// What is to be said.
    ///
    /// - Parameter total: what was counted since the run began.
    public mutating func report(_ total: KernelCounters) -> [(name: String, count: UInt64)] {
        let news = total.since(reported)
        let losses = KernelCounters.losses.filter { news[$0.counter] > 0 }.map { ($0.name, news[$0.counter]) }
        if !losses.isEmpty { reported = total }
        return losses
    }

    /// It was told of a process that its calls get no header any more.
    public mutating func harmIsTold() {
        if harmedTold < .max { harmedTold += 1 }
    }

    /// Of how many such processes nothing was told though they were counted the last time: their reports are lost.
    public mutating func harmUntold(_ total: KernelCounters) -> UInt64 {
        let untold = harmedCounted > harmedTold ? harmedCounted - harmedTold : 0
        harmedTold += untold
        harmedCounted = total[HILO_COUNT_HARMED]
        return untold
    }

    /// Whether all processes are to be looked at now: reports about some may be among what found the ring full.
    public mutating func callForLook(_ total: KernelCounters, now: UInt64) -> Bool {
        guard now >= lookAgainAt, total.since(lookedAt)[HILO_COUNT_RING_FULL] > 0 else { return false }
        lookedAt = total
        lookAgainAt = now &+ Losses.pause
        return true
    }
}
