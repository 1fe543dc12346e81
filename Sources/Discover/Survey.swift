import Wire

/// The progress of looking at all processes.
struct Survey: Sendable {
    enum Extent: Sendable, Comparable {
        /// Those that nobody has looked at.
        case news
        /// All, because something may have been missed.
        case everything
    }

    /// The one that is to begin when this one is complete.
    private(set) var due: Extent?
    private(set) var extent = Extent.everything
    private(set) var isRunning = false
    /// The last process of the page before, while there may be more.
    private(set) var next: UInt32?
    private var isAsked = false
    /// What was traced when it began and has not been seen since.
    private(set) var unseen: Set<UInt32> = []
    private(set) var lookedAt = 0
    private(set) var wasCompleted = false
    /// Counts those that were begun.
    private var number = 0
    /// The first that counts.
    private var firstValid = 1
    /// Whether one that counts was completed.
    private(set) var isUpToDate = false
    /// Those in a row that did not come to their end.
    private(set) var failures = 0

    /// - Returns: false when that much was wanted already.
    @discardableResult
    mutating func want(_ extent: Extent) -> Bool {
        if let due, due >= extent { return false }
        due = extent
        return true
    }

    /// Begins what is due, unless one is running.
    mutating func begin(traced: some Sequence<UInt32>, _ actions: inout [DiscoveryAction]) {
        guard !isRunning, let due else { return }
        extent = due
        self.due = nil
        isRunning = true
        number += 1
        unseen = Set(traced)
        lookedAt = 0
        next = 0
        ask(&actions)
    }

    /// Asks for the next page, unless one is on its way.
    mutating func ask(_ actions: inout [DiscoveryAction]) {
        guard isRunning, !isAsked, let next else { return }
        isAsked = true
        actions.append(.scan(ScanRequest(afterPID: next)))
    }

    /// The question was lost with the process-inspector.
    mutating func askAgain(_ actions: inout [DiscoveryAction]) {
        isAsked = false
        ask(&actions)
    }

    /// - Returns: false when nobody had asked.
    mutating func take(_ page: ScanReply) -> Bool {
        guard isAsked else { return false }
        isAsked = false
        lookedAt += page.processes.count
        for process in page.processes { unseen.remove(process.pid) }
        next = page.more ? page.processes.last?.pid : nil
        return true
    }

    /// The page will not come. Nobody is known to be gone.
    mutating func fail() {
        isAsked = false
        isRunning = false
        next = nil
        unseen = []
        failures += 1
    }

    /// What came of the one that runs, and of those before it, was lost with the event-reader.
    mutating func expire() {
        firstValid = number + 1
        isUpToDate = false
    }

    /// - Returns: whether it was the first.
    mutating func end() -> Bool {
        isRunning = false
        failures = 0
        if number >= firstValid { isUpToDate = true }
        defer { wasCompleted = true }
        return !wasCompleted
    }
}
