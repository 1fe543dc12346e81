/// A bounded table whose entries come out again in the order they went in: taken by their key, evicted, or expired.
///
/// All entries wait equally long, so the oldest is always the next to expire, and a list through the slots is all the
/// book-keeping there is: every operation takes constant time, and memory stops growing at the bound.
struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        var key: Key
        var value: Value?
        var deadline: UInt64
        var previous: Int
        var next: Int
    }

    /// Where a neighbour would be, had the slot one.
    private static var none: Int { -1 }

    private let capacity: Int
    private var index: [Key: Int] = [:]
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var oldest = none
    private var newest = none

    /// - Parameter capacity: at least 1.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { index.count }

    /// Puts an entry at the end of the line; `key` must not be in the table. Returns the oldest value when it had to
    /// make room.
    mutating func insert(_ value: Value, for key: Key, deadline: UInt64) -> Value? {
        let evicted = count >= capacity ? removeOldest() : nil
        let slot = Slot(key: key, value: value, deadline: deadline, previous: newest, next: Self.none)
        let position: Int
        if let reused = free.popLast() {
            position = reused
            slots[position] = slot
        } else {
            position = slots.count
            slots.append(slot)
        }
        if newest != Self.none { slots[newest].next = position } else { oldest = position }
        newest = position
        index[key] = position
        return evicted
    }

    subscript(key: Key) -> Value? {
        index[key].flatMap { slots[$0].value }
    }

    mutating func remove(_ key: Key) -> Value? {
        index.removeValue(forKey: key).flatMap { unlink($0) }
    }

    mutating func removeOldest() -> Value? {
        guard oldest != Self.none else { return nil }
        index.removeValue(forKey: slots[oldest].key)
        return unlink(oldest)
    }

    /// The oldest value if its time has come.
    mutating func removeExpired(now: UInt64) -> Value? {
        guard oldest != Self.none, slots[oldest].deadline <= now else { return nil }
        return removeOldest()
    }

    private mutating func unlink(_ position: Int) -> Value? {
        let (previous, next) = (slots[position].previous, slots[position].next)
        if previous != Self.none { slots[previous].next = next } else { oldest = next }
        if next != Self.none { slots[next].previous = previous } else { newest = previous }
        free.append(position)
        return slots[position].value.take()
    }
}
