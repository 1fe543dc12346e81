/// In which order a run takes what has happened: a stop before the passing of time, both before what was said or
/// answered, and that before reports about processes, of which there may be very many. Within each, in the order in
/// which it came. Pure.
public struct Agenda<Event> {
    public enum Urgency: Int, CaseIterable, Sendable {
        case stop
        /// One is as good as several.
        case time
        case event
        case report
    }

    /// First in, first out; what was taken is let go of at once.
    private struct Lane {
        /// Newest last.
        private var newer: [Event] = []
        /// Newest first.
        private var older: [Event] = []

        var isEmpty: Bool { newer.isEmpty && older.isEmpty }

        mutating func append(_ event: Event) {
            newer.append(event)
        }

        mutating func popFirst() -> Event? {
            if older.isEmpty {
                older = newer.reversed()
                newer = []
            }
            return older.popLast()
        }
    }

    private var lanes = Array(repeating: Lane(), count: Urgency.allCases.count)
    private var takesReports = true

    public init() {}

    public mutating func append(_ event: Event, as urgency: Urgency) {
        switch urgency {
        case .stop, .event: break
        case .time: guard lanes[urgency.rawValue].isEmpty else { return }
        case .report: guard takesReports else { return }
        }
        lanes[urgency.rawValue].append(event)
    }

    public mutating func popFirst() -> Event? {
        for index in lanes.indices {
            if let event = lanes[index].popFirst() { return event }
        }
        return nil
    }

    /// Drops reports, those that wait and those to come: nothing will be made of them.
    public mutating func refuseReports() {
        takesReports = false
        lanes[Urgency.report.rawValue] = Lane()
    }
}
