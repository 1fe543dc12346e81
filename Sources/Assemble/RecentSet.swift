/// Remembers the last keys it was shown: at least `window` of them, at most twice as many.
///
/// Two generations that take turns, so that nothing is ever removed one by one and nothing is allocated once both are
/// full.
struct RecentSet<Key: Hashable & Sendable>: Sendable {
    private let window: Int
    private var current: Set<Key> = []
    private var previous: Set<Key> = []

    /// - Parameter window: at least 1.
    init(window: Int) {
        self.window = max(1, window)
    }

    /// False when the key was shown recently.
    mutating func insert(_ key: Key) -> Bool {
        if previous.contains(key) { return false }
        guard current.insert(key).inserted else { return false }
        if current.count >= window {
            swap(&current, &previous)
            current.removeAll(keepingCapacity: true)
        }
        return true
    }
}
