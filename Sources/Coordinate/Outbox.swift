import Synchronization

/// What is to be done, on its way to the one who does it: that one takes all that waits at once.
public final class Outbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isFinished = false
        /// Waits for the next item.
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    public init() {}

    public func post(_ items: [Item]) {
        guard !items.isEmpty else { return }
        wake { $0.items += items }
    }

    /// Nothing more will be posted.
    public func finish() {
        wake { $0.isFinished = true }
    }

    private func wake(after change: (inout State) -> Void) {
        let reader = state.withLock { state in
            change(&state)
            return state.reader.take()
        }
        reader?.resume()
    }

    /// All that was posted since it was last asked, waited for; nil when nothing more will be. For one task only.
    public func next() async -> [Item]? {
        await withCheckedContinuation { reader in
            let isReady = state.withLock { state in
                if state.items.isEmpty, !state.isFinished { state.reader = reader }
                return state.reader == nil
            }
            if isReady { reader.resume() }
        }
        return state.withLock { state in
            defer { state.items = [] }
            return state.items.isEmpty ? nil : state.items
        }
    }
}
