public import Discover
public import Wire

/// In which order what `Discovery` decided is done. For each process it is the order of the decisions; and of requests
/// to the event-reader, each of which is waited for, there are as few as that allows: an answer may lie behind many
/// reports, because of which more is decided meanwhile. Pure.
public struct ActionOrder {
    public enum Step: Hashable, Sendable {
        case perform(DiscoveryAction)
        /// To be asked for, and answered before what follows.
        case select([SelectRequest.Change])
    }

    private let actions: [DiscoveryAction]
    private var index = 0
    private var changes: [SelectRequest.Change] = []
    private var changing: Set<UInt32> = []
    /// What relies on the changes, and of which processes that is.
    private var waiting: [DiscoveryAction] = []
    private var waitingProcesses: Set<UInt32> = []
    /// What relied on changes that were made; the next one last.
    private var ready: [DiscoveryAction] = []

    public init(_ actions: [DiscoveryAction]) {
        self.actions = actions
    }

    public mutating func next() -> Step? {
        if let action = ready.popLast() { return .perform(action) }
        while index < actions.count {
            let action = actions[index]
            if let change = action.change {
                let isInOrder = !waitingProcesses.contains(change.tgid)
                guard isInOrder, changes.count < SelectRequest.mostChanges else { return select() }
                changes.append(change)
                changing.insert(change.tgid)
            } else if reliesOnChanges(action) {
                waiting.append(action)
                if let process = action.process { waitingProcesses.insert(process) }
            } else {
                index += 1
                return .perform(action)
            }
            index += 1
        }
        return changes.isEmpty ? nil : select()
    }

    /// A scan finds the children that a process had before it was selected.
    private func reliesOnChanges(_ action: DiscoveryAction) -> Bool {
        if case .scan = action { return !changes.isEmpty }
        return action.process.map(changing.contains) ?? false
    }

    private mutating func select() -> Step {
        defer { (changes, changing, waiting, waitingProcesses) = ([], [], [], []) }
        ready = waiting.reversed()
        return .select(changes)
    }
}

extension DiscoveryAction {
    /// What it changes in the kernel's map of traced processes.
    fileprivate var change: SelectRequest.Change? {
        switch self {
        case .select(let pid): SelectRequest.Change(tgid: pid, action: .add)
        case .deselect(let pid): SelectRequest.Change(tgid: pid, action: .remove)
        case .scan, .describe, .programChanged, .setResource, .forget, .disown, .notice: nil
        }
    }

    fileprivate var process: UInt32? {
        switch self {
        case .describe(let request): request.pid
        case .select(let pid), .deselect(let pid), .programChanged(let pid), .setResource(let pid, _), .forget(let pid),
            .disown(let pid):
            pid
        case .scan, .notice: nil
        }
    }
}
