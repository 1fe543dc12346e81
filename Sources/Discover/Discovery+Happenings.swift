extension Discovery {
    /// Takes what the kernel side reported.
    ///
    /// - Parameter isTraced: whether the kernel side traced the process when it reported this.
    public mutating func take(
        _ happening: ProcessHappening, of pid: UInt32, isTraced: Bool
    ) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        if happening == .exec, isTraced { actions.append(.programChanged(pid)) }
        if own.contains(pid) {
            if isTraced, happening != .exit { actions.append(.deselect(pid)) }
            return actions
        }
        switch happening {
        case .exec:
            followers[pid] = nil
            look(at: pid, startTime: 0, isTraced: isTraced, isExec: true, &actions)
        case .listen(let port):
            let isKnown = traced[pid] != nil || followers[pid] != nil
            let isWanted = settings.instrument.contains { $0.openPorts?.contains(port) == true }
            // One that is known but not traced was reported before it was selected; or its end was missed, and this is
            // another process, or the event-reader was started anew.
            if isKnown != isTraced || (isWanted && !isKnown) {
                look(at: pid, startTime: 0, isTraced: isTraced, &actions)
            }
        case .fork(let parent): forked(pid, by: parent, &actions)
        case .exit: exited(pid, &actions)
        }
        pump(&actions)
        return actions
    }

    /// Takes notice that something was captured of a process. One that is not known here was selected by the kernel
    /// side, and the report of that was lost.
    public mutating func captured(of pid: UInt32) -> [DiscoveryAction] {
        guard traced[pid] == nil, lookups[pid] == nil, followers[pid] == nil else { return [] }
        var actions: [DiscoveryAction] = []
        look(at: pid, startTime: 0, isTraced: true, &actions)
        pump(&actions)
        return actions
    }

    /// The child runs what its parent runs, and the kernel side traces it because it traces the parent.
    private mutating func forked(_ pid: UInt32, by parent: UInt32, _ actions: inout [DiscoveryAction]) {
        if traced.removeValue(forKey: pid) != nil { actions.append(.forget(pid)) }
        if lookups[pid] != nil {
            look(at: pid, startTime: 0, isTraced: true, &actions)
        } else if lookups[parent] != nil || followers[parent] != nil {
            guard followers.count < limits.followers else {
                look(at: pid, startTime: 0, isTraced: true, &actions)
                return
            }
            followers[pid] = followers[parent] ?? parent
        } else if let model = traced[parent] {
            adopt(pid, from: model, &actions)
        } else {
            look(at: pid, startTime: 0, isTraced: true, &actions)
        }
    }

    private mutating func adopt(_ pid: UInt32, from model: Traced, _ actions: inout [DiscoveryAction]) {
        guard traced.count < limits.selected else {
            say(.tooManySelected(most: limits.selected), &actions)
            actions.append(.deselect(pid))
            actions.append(.disown(pid))
            return
        }
        traced[pid] = Traced(startTime: 0, selector: model.selector, service: model.service, isWorker: true)
        actions.append(.setResource(pid, rules.attributes(of: model.service, pid: pid)))
        // The parent was looked at after it forked, and may have run something else before: the child still does.
        look(at: pid, startTime: 0, isTraced: true, isFork: true, &actions)
    }

    /// Lets forked children share what became of the process that they waited for.
    mutating func settleFollowers(of root: UInt32, _ actions: inout [DiscoveryAction]) {
        guard followers.values.contains(root) else { return }
        let waiting = followers.filter { $0.value == root }.keys.sorted()
        for pid in waiting { followers[pid] = nil }
        for pid in waiting {
            if let model = traced[root] {
                adopt(pid, from: model, &actions)
            } else {
                // The parent is gone or was not chosen. The child may be chosen for itself, as one that listens is.
                look(at: pid, startTime: 0, isTraced: true, &actions)
            }
        }
    }

    private mutating func exited(_ pid: UInt32, _ actions: inout [DiscoveryAction]) {
        followers[pid] = nil
        // Of one that executed a program which was not looked at in time nobody knows whether it was to be traced.
        let isUnknown = lookups[pid].map { $0.isExec && $0.isUnchosen } ?? false
        // What waits in the queue stays in it, and an answer that is on its way is not asked for again.
        lookups[pid]?.hasEnded = true
        lookups[pid]?.isStale = false
        traced[pid] = nil
        // Reported of traced processes only; of one that was not looked at in time, something may have been captured.
        actions.append(isUnknown ? .disown(pid) : .forget(pid))
    }
}
