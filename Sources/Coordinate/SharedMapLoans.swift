public import Supervise
import Synchronization

/// Maps that the present event-reader shares, for those who work on them, too.
public final class SharedMapLoans: Sendable {
    private struct State {
        var maps: [LoanedDescriptor] = []
        var generation = 0
        var lent = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// - Returns: whether there were others before.
    public func replace(_ new: [LoanedDescriptor]) -> Bool {
        state.withLock { state in
            defer { state.maps = new }
            state.generation += 1
            return !state.maps.isEmpty
        }
    }

    public func current() throws(StartFailure) -> [LoanedDescriptor] {
        let maps = state.withLock { state in
            state.lent = state.generation
            return state.maps
        }
        guard !maps.isEmpty else { throw .nothingToLend("capture is not loaded") }
        return maps
    }

    /// Which of those that there were, counted from 1, were lent last.
    public var lent: Int { state.withLock { $0.lent } }
}
