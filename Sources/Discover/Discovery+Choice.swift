import Settings
import Wire

extension Discovery {
    /// Whether a process is to be traced, and why: exclusions first, then the selectors in order, then its parent.
    func verdict(on process: ProcessDescription) -> Verdict {
        let pid = process.process.pid
        if own.contains(pid) { return .rejected(.own) }
        let candidate = Candidate(process)
        if exclusions.contains(where: { $0.matches(candidate) }) { return .rejected(.excluded) }
        if exclusions.contains(where: { $0.mayMatch(candidate) }) { return .open }
        if let index = settings.instrument.firstIndex(where: { $0.matches(candidate) }) {
            return .chosen(Choice(selector: index, executable: candidate.executable))
        }
        if let worker = worker(process, candidate) { return .chosen(worker) }
        return settings.instrument.contains { $0.mayMatch(candidate) } ? .open : .rejected(.unmatched)
    }

    /// A worker runs the same program as a traced parent, and is handed connections by it instead of listening: the
    /// processes of Node.js's cluster module, say. What else a traced process starts (a shell, a converter) is none.
    private func worker(_ process: ProcessDescription, _ candidate: Candidate) -> Choice? {
        guard !candidate.executable.isEmpty else { return nil }
        if let parent = traced[process.parentPID], parent.service.executable == candidate.executable {
            return Choice(selector: parent.selector, executable: candidate.executable, worker: parent.service)
        }
        // One that was a worker before stays one when its parent has ended.
        if let before = traced[process.process.pid], before.isWorker, before.startTime == process.process.startTime,
            before.service.executable == candidate.executable
        {
            return Choice(selector: before.selector, executable: candidate.executable, worker: before.service)
        }
        return nil
    }
}

/// What is to become of a process.
enum Verdict: Hashable {
    case chosen(Choice)
    case rejected(DiscoveryNotice.Reason)
    /// A port decides, and not all of its ports are known.
    case open
}
