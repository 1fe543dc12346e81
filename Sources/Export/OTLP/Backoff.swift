/// Exponential backoff with jitter: how long to stay away from a collector that does not take spans.
///
/// Counted per collector, not per batch: a batch that is given up does not make hilo knock faster again.
package struct Backoff: Hashable, Sendable {
    private let initial: Duration
    private let longest: Duration
    private var next: Duration

    package init(initial: Duration, longest: Duration) {
        self.initial = initial
        self.longest = max(initial, longest)
        next = initial
    }

    /// The pause after one more failure: about half as long again as the one before, give or take half of it, so that
    /// many senders that failed together do not come back together.
    ///
    /// - Parameter demanded: what the collector asked for with `Retry-After`. It replaces the exponential pause but is
    ///   never shorter than the first one, and up to a tenth is added as jitter.
    package mutating func pause(demanded: Duration?, using generator: inout some RandomNumberGenerator) -> Duration {
        let exponential = min(next * Double.random(in: 0.5...1.5, using: &generator), longest)
        let first = initial * Double.random(in: 0.5...1.5, using: &generator)
        next = min(next * 3 / 2, longest)
        guard let demanded else { return exponential }
        return max(demanded * Double.random(in: 1...1.1, using: &generator), first)
    }

    /// The collector answered: the next failure begins anew.
    package mutating func reset() {
        next = initial
    }
}
