import Synchronization

/// Wakes one waiting task. A ring that nobody waits for is kept for the next wait, so none is missed; several are one.
final class Doorbell: Sendable {
    private enum State {
        case quiet
        case rung
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    /// Never waits; from any thread.
    func ring() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard case .waiting(let waiter) = state else {
                state = .rung
                return nil
            }
            state = .quiet
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at a ring, at `instant`, or when the task is cancelled. Only one task may wait at a time.
    func wait(until instant: ContinuousClock.Instant?) async {
        guard let instant else { return await answer() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.answer() }
            group.addTask {
                do {
                    try await Task.sleep(until: instant, clock: .continuous)
                } catch {
                    // Cancelled, because the bell rang first or the caller gave up: both end the wait.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func answer() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    if case .rung = state {
                        state = .quiet
                        return true
                    }
                    if Task.isCancelled { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
                guard case .waiting(let waiter) = state else { return nil }
                state = .quiet
                return waiter
            }
            waiter?.resume()
        }
    }
}

extension Doorbell {
    /// Does `work` and waits for its end, so long at most and until a ring; what takes longer goes on by itself. A
    /// cancelled task waits, too.
    func wait(atMost limit: Duration, for work: @escaping @Sendable () async -> Void) async {
        Task {
            await work()
            self.ring()
        }
        await Task { await self.wait(until: ContinuousClock.now + limit) }.value
    }
}
