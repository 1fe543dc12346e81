import Synchronization

/// All that happens in a run, on its way to the one who takes it: see `Agenda` for the order. Any thread posts.
public final class Inbox<Event: Sendable>: Sendable {
    private struct State {
        var agenda = Agenda<Event>()
        /// Waits for the next event.
        var reader: CheckedContinuation<Event, Never>?
    }

    private let state = Mutex(State())

    public init() {}

    public func post(_ event: Event, as urgency: Agenda<Event>.Urgency = .event) {
        state.withLock { state in
            state.agenda.append(event, as: urgency)
            guard let reader = state.reader, let first = state.agenda.popFirst() else { return }
            state.reader = nil
            reader.resume(returning: first)
        }
    }

    /// The next event, waited for. For one task only.
    public func next() async -> Event {
        await withCheckedContinuation { reader in
            state.withLock { state in
                if let first = state.agenda.popFirst() {
                    reader.resume(returning: first)
                } else {
                    state.reader = reader
                }
            }
        }
    }

    /// Drops reports, those that wait and those to come.
    public func refuseReports() {
        state.withLock { $0.agenda.refuseReports() }
    }
}
