/// Holds back notices that any process can bring about as often as it likes, by executing itself or forking: they would
/// fill the log. Those about processes come `most` in a row, so that each of the services that start together is named,
/// and then one in so many ticks; those that say the same each time come seldom. What is held back is counted.
struct NoticeGate: Sendable {
    /// Five seconds and a minute, for the four ticks a second of the coordinator.
    private static let ticksPerProcess = 20
    private static let ticksPerRepetition = 240

    private var processes: Allowance
    private var noRoom = Allowance(most: 1, ticksPerNotice: ticksPerRepetition)
    private var overwhelmed = Allowance(most: 1, ticksPerNotice: ticksPerRepetition)
    private var unsaid = 0

    init(most: Int) {
        processes = Allowance(most: most, ticksPerNotice: Self.ticksPerProcess)
    }

    mutating func tick() {
        processes.tick()
        noRoom.tick()
        overwhelmed.tick()
    }

    /// Whether it is to be said; else it is counted.
    mutating func admits(_ notice: DiscoveryNotice) -> Bool {
        let isAdmitted =
            switch notice {
            case .selected, .deselected: processes.spend()
            case .tooManySelected: noRoom.spend()
            case .overwhelmed: overwhelmed.spend()
            case .nothingMatchesYet: true
            }
        if !isAdmitted { unsaid += 1 }
        return isAdmitted
    }

    mutating func takeUnsaid() -> Int {
        defer { unsaid = 0 }
        return unsaid
    }

    private struct Allowance: Sendable {
        private let most: Int
        private let ticksPerNotice: Int
        private var left: Int
        /// Since it was full, or one was added.
        private var ticks = 0

        init(most: Int, ticksPerNotice: Int) {
            self.most = most
            self.ticksPerNotice = ticksPerNotice
            left = most
        }

        mutating func tick() {
            guard left < most else { return }
            ticks += 1
            guard ticks == ticksPerNotice else { return }
            ticks = 0
            left += 1
        }

        mutating func spend() -> Bool {
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}

extension Discovery {
    mutating func say(_ notice: DiscoveryNotice, _ actions: inout [DiscoveryAction]) {
        if gate.admits(notice) { actions.append(.notice(notice)) }
    }
}
