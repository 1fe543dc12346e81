public import Wire

/// What the kernel side said about a process.
public enum ProcessHappening: Sendable, Hashable {
    /// It runs another program from now on.
    case exec
    /// It was forked by `parent`, which is traced.
    case fork(parent: UInt32)
    /// It is gone.
    case exit
    /// One of its TCP sockets listens on `port` from now on.
    case listen(port: UInt16)
}

/// What is to be done. `Discovery` decides it; whoever holds the channels to the helpers does it, in order.
public enum DiscoveryAction: Sendable, Hashable {
    /// Ask the process-inspector for a page of processes, and hand it to `take(_:)` or say `scanFailed()`.
    case scan(ScanRequest)
    /// Ask the process-inspector about a process, and hand the answer to `take(_:)` or say `describeFailed(_:)` or
    /// `describeUnanswered(_:)`: one of them, for each question.
    case describe(DescribeRequest)
    /// Have the kernel side trace a process.
    case select(UInt32)
    /// Have the kernel side leave a process alone.
    case deselect(UInt32)
    /// The report that a traced process executes another program has arrived here: what is said of the process from now
    /// on is about that program, what was said before is not.
    case programChanged(UInt32)
    /// What the spans of a process belong to from now on.
    case setResource(UInt32, [ResourceAttribute])
    /// Nothing more comes from a process.
    case forget(UInt32)
    /// What runs in a process was never to be traced: what was captured of it since it was last described, and what is
    /// on its way, is dropped. The kernel side goes on with a traced process that executes another program, since that
    /// may be chosen too.
    case disown(UInt32)
    case notice(DiscoveryNotice)
}

/// What an operator may want to read.
public enum DiscoveryNotice: Sendable, Hashable {
    /// A process is traced from now on. `criteria` is the selector as the user wrote it.
    case selected(pid: UInt32, service: String, executable: String, criteria: String)
    /// A process is not traced any more though it lives.
    case deselected(pid: UInt32, reason: Reason)
    /// All processes were looked at, and none was chosen.
    case nothingMatchesYet(lookedAt: Int)
    /// There is no room for another process; it is not traced.
    case tooManySelected(most: Int)
    /// More processes start than can be looked at; all will be looked at again when there is time.
    case overwhelmed

    public enum Reason: Sendable, Hashable {
        /// An exclusion matches it.
        case excluded
        /// No selector matches what it runs.
        case unmatched
        /// It could not be looked at: most likely it ended.
        case vanished
        /// It belongs to hilo.
        case own
    }
}
