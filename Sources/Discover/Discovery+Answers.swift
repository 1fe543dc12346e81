public import Wire

extension Discovery {
    // MARK: Scans

    public mutating func take(_ page: ScanReply) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        guard survey.take(page) else { return actions }
        for process in page.processes { survey(process, &actions) }
        if survey.next == nil {
            for pid in survey.unseen.sorted() where traced[pid] != nil { leave(pid, .vanished, &actions) }
        }
        pump(&actions)
        return actions
    }

    private mutating func survey(_ process: ProcessInstance, _ actions: inout [DiscoveryAction]) {
        let pid = process.pid
        if var known = traced[pid] {
            if known.startTime != 0, known.startTime != process.startTime {
                // Its end was missed, and its number was given away.
                drop(pid, &actions)
            } else {
                known.startTime = process.startTime
                traced[pid] = known
                if survey.extent == .news { return }
            }
        } else if survey.extent == .news, ruledOut[pid] == process.startTime {
            return
        }
        look(at: pid, startTime: process.startTime, isTraced: traced[pid] != nil, isAwaited: true, &actions)
    }

    /// The processes could not be listed. Nothing more comes of this scan; begin another one later.
    public mutating func scanFailed() {
        survey.fail()
    }

    // MARK: Questions

    /// Has a process looked at, or noted that what is being asked about it will be out of date.
    ///
    /// - Parameters:
    ///   - isFork: it is a child of a traced process and shares its service already.
    ///   - isExec: it has just executed another program.
    ///   - isAwaited: a survey has found it, and waits for it unless it is being looked at already: what happens to a
    ///     process holds up no survey.
    mutating func look(
        at pid: UInt32, startTime: UInt64, isTraced: Bool, isFork: Bool = false, isExec: Bool = false,
        isAwaited: Bool = false, _ actions: inout [DiscoveryAction]
    ) {
        if own.contains(pid) {
            if isTraced { leave(pid, .own, &actions) }
            return
        }
        if let lookup = lookups[pid] {
            // From the beginning: it runs something else by now, or is another process.
            let wasTraced = !lookup.hasEnded && (lookup.isTraced || lookup.isSelected)
            var next = Lookup(startTime: 0, isTraced: isTraced || wasTraced)
            next.isAsked = lookup.isAsked
            next.isStale = lookup.isAsked
            next.isExec = isExec || lookup.isExec
            next.failures = lookup.failures
            next.isAwaited = lookup.isAwaited
            next.hasUnknownPorts = lookup.hasUnknownPorts
            lookups[pid] = next
            // What is new about it may be the port.
            if next.hasUnknownPorts, setAside.remove(pid) != nil { enqueue(pid) }
            return
        }
        guard lookups.count < limits.lookups, isAwaited || lookups.count - countOfAwaited < limits.happened else {
            if survey.want(.everything) { say(.overwhelmed, &actions) }
            return
        }
        ruledOut[pid] = nil
        var lookup = Lookup(startTime: startTime, isTraced: isTraced)
        lookup.isFork = isFork
        lookup.isExec = isExec
        lookup.isAwaited = isAwaited
        if isAwaited { countOfAwaited += 1 }
        lookups[pid] = lookup
        enqueue(pid)
    }

    /// Sends as many questions as may be on their way, and ends a survey that is complete. Every way into this machine
    /// comes by here last.
    mutating func pump(_ actions: inout [DiscoveryAction]) {
        while inFlight < limits.inFlight, let pid = queue.popFirst() {
            guard let lookup = lookups[pid], !lookup.isAsked else { continue }
            if lookup.hasEnded {
                finish(pid, &actions)
            } else {
                ask(pid, &actions)
            }
        }
        if survey.next != nil, countOfAwaited < limits.inFlight { survey.ask(&actions) }
        guard countOfAwaited == 0, survey.next == nil else { return }
        if survey.isRunning, survey.end(), traced.isEmpty, countOfUnanswered == 0 {
            say(.nothingMatchesYet(lookedAt: survey.lookedAt), &actions)
        }
    }

    mutating func ask(_ pid: UInt32, _ actions: inout [DiscoveryAction]) {
        guard var lookup = lookups[pid] else { return }
        lookup.isAsked = true
        lookups[pid] = lookup
        inFlight += 1
        let wants: DescribeRequest.Wants =
            switch lookup.stage {
            case .looking: firstWants
            case .naming: .environment
            case .confirming: []
            }
        actions.append(.describe(DescribeRequest(pid: pid, startTime: lookup.startTime, wants: wants)))
    }

    // MARK: Answers

    public mutating func take(_ process: ProcessDescription) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        let pid = process.process.pid
        if var lookup = answered(pid, &actions) {
            if lookup.startTime == 0 || lookup.startTime == process.process.startTime {
                lookup.startTime = process.process.startTime
                lookups[pid] = lookup
                switch lookup.stage {
                case .looking: choose(process, lookup, &actions)
                case .naming(let choice): name(process, lookup, choice, &actions)
                case .confirming: finish(pid, &actions)
                }
            } else {
                // The inspector compares too, so this is not what was asked for.
                reject(pid, lookup, .vanished, &actions)
            }
        }
        pump(&actions)
        return actions
    }

    /// The process-inspector declined to describe a process: most likely the process is gone. Nobody is asked about it
    /// again.
    public mutating func describeFailed(_ pid: UInt32) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        if let lookup = answered(pid, &actions) { reject(pid, lookup, .vanished, &actions) }
        pump(&actions)
        return actions
    }

    /// Takes a question off the list. Nil when its answer is of no use; then it was dealt with here.
    mutating func answered(_ pid: UInt32, _ actions: inout [DiscoveryAction]) -> Lookup? {
        guard var lookup = lookups[pid], lookup.isAsked else { return nil }
        inFlight -= 1
        lookup.isAsked = false
        let isStale = lookup.isStale
        lookup.isStale = false
        lookups[pid] = lookup
        if isStale {
            askAnew(pid, &actions)
            return nil
        }
        if lookup.hasEnded {
            finish(pid, &actions)
            return nil
        }
        return lookup
    }

    private mutating func choose(
        _ process: ProcessDescription, _ lookup: Lookup, _ actions: inout [DiscoveryAction]
    ) {
        let pid = process.process.pid
        let verdict = verdict(on: process)
        lookups[pid]?.hasUnknownPorts = false
        // A child of a fork that runs what its parent ran shares its service: nothing else is to be found out.
        if lookup.isFork, let known = traced[pid], known.service.executable == Program(process).path,
            verdict != .rejected(.excluded)
        {
            traced[pid]?.startTime = process.process.startTime
            finish(pid, &actions)
            return
        }
        switch verdict {
        case .rejected(let reason):
            reject(pid, lookup, reason, &actions)
        case .chosen(let choice):
            lookups[pid]?.stage = .naming(choice)
            ask(pid, &actions)
        case .open: leaveOpen(pid)
        }
    }

    private mutating func name(
        _ process: ProcessDescription, _ lookup: Lookup, _ choice: Choice, _ actions: inout [DiscoveryAction]
    ) {
        let pid = process.process.pid
        guard Program(process).path == choice.executable else {
            // It runs something else since it was chosen, and the report of that is on its way.
            lookups[pid]?.stage = .looking
            askAnew(pid, &actions)
            return
        }
        let selector = settings.instrument[choice.selector]
        let service = rules.service(of: process, selector: selector, worker: choice.worker)
        let before = traced[pid]
        guard before != nil || traced.count < limits.selected else {
            say(.tooManySelected(most: limits.selected), &actions)
            reject(pid, lookup, nil, &actions)
            return
        }
        traced[pid] = Traced(
            startTime: process.process.startTime, selector: choice.selector, service: service,
            isWorker: choice.worker != nil)
        actions.append(.setResource(pid, rules.attributes(of: service, pid: pid)))
        if before?.service != service {
            say(
                .selected(
                    pid: pid, service: service.name, executable: service.executable, criteria: selector.criteria),
                &actions)
        }
        // Also what the kernel side traces by itself: it may have been told not to, before it began to.
        actions.append(.select(pid))
        // Children that it had before are unknown to the kernel side.
        if before == nil, !lookup.isTraced { survey.want(.news) }
        lookups[pid]?.stage = .confirming
        ask(pid, &actions)
    }

    // MARK: Ends

    /// Ends looking at a process, whatever came of it.
    private mutating func finish(_ pid: UInt32, _ actions: inout [DiscoveryAction]) {
        if let lookup = lookups.removeValue(forKey: pid) {
            if lookup.failures >= limits.attempts { countOfUnanswered -= 1 }
            if lookup.isAwaited { countOfAwaited -= 1 }
        }
        settleFollowers(of: pid, &actions)
    }

    private mutating func reject(
        _ pid: UInt32, _ lookup: Lookup, _ reason: DiscoveryNotice.Reason?, _ actions: inout [DiscoveryAction]
    ) {
        if traced[pid] != nil {
            leave(pid, reason ?? .unmatched, isExec: lookup.isExec, &actions)
        } else if lookup.isTraced || lookup.isSelected {
            actions.append(.deselect(pid))
            actions.append(reason == .vanished && !lookup.isExec ? .forget(pid) : .disown(pid))
        } else if reason == .vanished {
            // It may have left a child behind that does its work: that is how daemons start.
            survey.want(.news)
        }
        if reason == .excluded || reason == .unmatched {
            if ruledOut.count >= limits.ruledOut { ruledOut.removeAll() }
            ruledOut[pid] = lookup.startTime
        }
        finish(pid, &actions)
    }

    /// Stops tracing a process that may live on.
    mutating func leave(
        _ pid: UInt32, _ reason: DiscoveryNotice.Reason, isExec: Bool = false, _ actions: inout [DiscoveryAction]
    ) {
        traced[pid] = nil
        actions.append(.deselect(pid))
        actions.append(reason == .vanished && !isExec ? .forget(pid) : .disown(pid))
        say(.deselected(pid: pid, reason: reason), &actions)
    }

    /// Forgets a process whose number belongs to somebody else by now.
    mutating func drop(_ pid: UInt32, _ actions: inout [DiscoveryAction]) {
        traced[pid] = nil
        actions.append(.deselect(pid))
        actions.append(.forget(pid))
    }
}
