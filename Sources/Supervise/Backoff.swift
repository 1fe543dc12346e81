/// How long to wait before the next attempt: doubling from a quarter of a second to half a minute, each time
/// shortened by up to a quarter at random so that several things that broke together do not come back together.
struct Backoff: Hashable, Sendable {
    static let first: UInt64 = 250_000_000
    static let longest: UInt64 = 30_000_000_000

    private var next = Backoff.first

    mutating func pause(using generator: inout some RandomNumberGenerator) -> UInt64 {
        let whole = next
        next = min(next * 2, Backoff.longest)
        return whole - UInt64.random(in: 0...(whole / 4), using: &generator)
    }

    mutating func reset() {
        next = Backoff.first
    }
}
