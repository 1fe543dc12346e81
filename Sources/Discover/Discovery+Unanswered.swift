/// Questions that tell nothing, and when they are asked again.
extension Discovery {
    /// There was no answer, or nobody to ask: nothing is known of the process. Say `askAgain()` after a pause.
    public mutating func describeUnanswered(_ pid: UInt32) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        if answered(pid, &actions) != nil, countFailure(of: pid) < limits.attempts { postponed.append(pid) }
        pump(&actions)
        return actions
    }

    /// Asks again about those about whom there was no answer: some time after `describeUnanswered(_:)`.
    ///
    /// - Parameter includingUnanswered: also about those that are not waited for any more.
    public mutating func askAgain(includingUnanswered: Bool = false) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        for pid in postponed { enqueue(pid) }
        postponed = []
        if includingUnanswered {
            for pid in setAside.sorted() { enqueue(pid) }
            setAside = []
        }
        pump(&actions)
        return actions
    }

    /// Of how many processes a port decides that nobody has seen, for they, or others in their network namespaces, hold
    /// more sockets than are looked at. They are part of `countOfUnanswered`.
    public var countOfUnknownPorts: Int {
        countOfUnanswered == 0 ? 0 : lookups.values.count { $0.hasUnknownPorts }
    }

    /// What was answered is out of date. Services often begin as one program after the other, so the first time it is
    /// asked again at once, and then at the next tick, by when such a chain is over. A process that changes for ever
    /// would have nothing done but to look at it: it is set aside like one about which nobody answers.
    mutating func askAnew(_ pid: UInt32, _ actions: inout [DiscoveryAction]) {
        let failures = countFailure(of: pid)
        guard failures < limits.attempts else { return }
        if failures == 1 { ask(pid, &actions) } else { restless.append(pid) }
    }

    /// The answer leaves open whether the process is to be traced. To ask again at once would tell the same; what the
    /// kernel side has chosen, and what is traced already, stays as it is.
    mutating func leaveOpen(_ pid: UInt32) {
        guard var lookup = lookups[pid] else { return }
        lookup.hasUnknownPorts = true
        lookup.failures = max(lookup.failures, limits.attempts - 1)
        lookups[pid] = lookup
        countFailure(of: pid)
    }

    /// Has a process asked about when its turn comes.
    mutating func enqueue(_ pid: UInt32) {
        queue.append(pid, isAwaited: lookups[pid]?.isAwaited == true)
    }

    /// Counts a question that told nothing; after `limits.attempts` of them the process is set aside.
    ///
    /// - Returns: how many there were.
    @discardableResult
    private mutating func countFailure(of pid: UInt32) -> Int {
        guard var lookup = lookups[pid] else { return 0 }
        lookup.failures += 1
        if lookup.failures == limits.attempts {
            countOfUnanswered += 1
            if lookup.isAwaited { countOfAwaited -= 1 }
            lookup.isAwaited = false
        }
        if lookup.failures >= limits.attempts { setAside.insert(pid) }
        lookups[pid] = lookup
        return lookup.failures
    }
}
