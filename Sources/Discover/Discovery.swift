public import Settings
import Wire

/// Decides which processes are traced, and what their spans belong to: a state machine that is told what happened and
/// answers what to do. It has no clock and does no I/O.
///
/// A process is looked at when it was there at the start, when it runs another program, when it begins to listen on a
/// port that a selector names, and when the kernel side began to trace it by itself. Looking takes three questions to
/// the process-inspector, each about the very process of the one before (its start time is compared):
///
/// 1. what it runs and where it listens: enough to choose it or not;
/// 2. for the chosen only, the two variables of its environment that name its service; then it is selected;
/// 3. whether it still lives: had it ended before it was selected, nobody would have told, and the next process with
///    its number would be traced.
///
/// The kernel side traces the children of what it traces, and tells; but not the children that a process had before it
/// was chosen. Those are found by looking for new processes after each choice, and after a process that could not be
/// looked at in time.
///
/// All tables are bounded; what does not fit is looked at again later.
public struct Discovery: Sendable {
    public struct Limits: Sendable {
        /// Questions to the process-inspector that wait for an answer.
        public var inFlight = 32
        /// Times that a process is asked about in vain before it is not waited for any more; and failed scans in a row.
        public var attempts = 3
        /// Processes that are being looked at or wait for it. A page of a scan has to fit twice.
        public var lookups = 2 * ScanReply.pageSize
        /// Those of them that no survey waits for: whatever happens on the host, a page has room beside them and what
        /// is left of the page before.
        var happened: Int { max(1, lookups / 2 - inFlight) }
        /// Traced processes: the size of the kernel's map `selected_processes`.
        public var selected = 8192
        /// Forked children that wait for what becomes of their parent.
        public var followers = 4096
        /// Processes that are remembered not to be of interest, 16 bytes each.
        public var ruledOut = 65_536
        /// Notices about processes in a row; see `NoticeGate`.
        public var notices = 256

        public init() {}
    }

    let settings: DiscoverySettings
    let exclusions: [Selector]
    let rules: ResourceRules
    let limits: Limits
    /// What the first question asks for.
    let firstWants: DescribeRequest.Wants

    var own: Set<UInt32>
    var lookups: [UInt32: Lookup] = [:]
    var queue = LookupQueue()
    var inFlight = 0
    /// How many of `lookups` a survey has begun and waits for.
    var countOfAwaited = 0
    /// Those that changed while they were asked about, and did so before: until the next tick.
    var restless: [UInt32] = []
    /// Those about whom a question had no answer, until they are asked about again: soon, or seldom. One of them may be
    /// what the process-inspector hangs on, or one that changes for ever so that others wait.
    var postponed: [UInt32] = []
    var setAside: Set<UInt32> = []
    /// How many of `lookups` are not waited for any more. They are asked about all the same.
    public internal(set) var countOfUnanswered = 0
    var traced: [UInt32: Traced] = [:]
    /// Forked children of processes that are being looked at, by the process whose fate they share.
    var followers: [UInt32: UInt32] = [:]
    var survey = Survey()
    var gate: NoticeGate
    /// Processes that were looked at and not chosen, with their start times: only a cache.
    var ruledOut: [UInt32: UInt64] = [:]

    /// - Parameters:
    ///   - version: hilo's, for `telemetry.sdk.version`.
    ///   - resourceAttributes: what every resource says unless the process says otherwise.
    ///   - ownProcesses: the coordinator and its helpers, which are never traced.
    public init(
        settings: DiscoverySettings, host: HostIdentity, version: String, resourceAttributes: [NamedValue] = [],
        ownProcesses: Set<UInt32>, limits: Limits = Limits()
    ) {
        self.settings = settings
        self.limits = limits
        rules = ResourceRules(host: host, version: version, common: resourceAttributes)
        own = ownProcesses
        gate = NoticeGate(most: limits.notices)
        exclusions = settings.excludeInstrument + settings.defaultExcludeInstrument
        firstWants = (settings.instrument + exclusions).contains { $0.openPorts != nil } ? .ports : []
    }

    /// The ports on which the kernel side may select whoever begins to listen, at once, so that no request is missed:
    /// those of selectors that ask for nothing else.
    public static func kernelPorts(_ settings: DiscoverySettings) -> PortSet {
        PortSet(settings.instrument.filter(\.isByPortsAlone).flatMap { $0.openPorts?.ranges ?? [] })
    }

    /// How many processes are traced.
    public var countOfTraced: Int { traced.count }

    /// Whether the first look at all processes is over: each was looked at or is gone, but for `countOfUnanswered`.
    /// Nobody waits for those that are looked at because something happened to them since: that may go on for ever.
    /// After the event-reader was started anew it takes another look at all.
    public var hasLooked: Bool {
        survey.isUpToDate || (survey.failures >= limits.attempts && countOfAwaited == 0)
    }

    /// Whether the processes were listed to the end, ever.
    public var hasListed: Bool { survey.wasCompleted }

    // MARK: What begins

    /// Looks at all processes: at the start, and whenever something may have been missed. While that goes on, any
    /// number of further calls leads to one further look.
    public mutating func scan() -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        survey.want(.everything)
        survey.begin(traced: traced.keys, &actions)
        return actions
    }

    /// Begins what has become due: call it a few times a second. Between two calls any number of reasons to look for
    /// new processes become one.
    public mutating func tick() -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        gate.tick()
        for pid in restless { enqueue(pid) }
        restless = []
        survey.begin(traced: traced.keys, &actions)
        pump(&actions)
        return actions
    }

    /// How many notices were held back since this was last asked, so that no process can fill the log.
    public mutating func takeUnsaid() -> Int {
        gate.takeUnsaid()
    }

    /// Replaces the list of processes that belong to hilo, after a helper was started.
    public mutating func setOwnProcesses(_ processes: Set<UInt32>) -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        own = processes
        for pid in processes.sorted() where traced[pid] != nil { leave(pid, .own, &actions) }
        pump(&actions)
        return actions
    }

    /// The process-inspector was started anew: what it left without an answer is asked again.
    public mutating func inspectorRestarted() -> [DiscoveryAction] {
        var actions: [DiscoveryAction] = []
        survey.askAgain(&actions)
        return actions + askAgain()
    }

    /// The event-reader was started anew and traces nobody: all are selected again, and looked at.
    public mutating func tracerRestarted() -> [DiscoveryAction] {
        var actions = traced.keys.sorted().map { DiscoveryAction.select($0) }
        for pid in lookups.keys { lookups[pid]?.isTraced = false }
        let waiting = followers.keys.sorted()
        followers = [:]
        for pid in waiting { look(at: pid, startTime: 0, isTraced: false, &actions) }
        survey.expire()
        survey.want(.everything)
        survey.begin(traced: traced.keys, &actions)
        pump(&actions)
        return actions
    }
}

/// A process that is traced.
struct Traced: Sendable {
    /// 0 while unknown, for a child that only its fork told about.
    var startTime: UInt64
    /// Index in `DiscoverySettings.instrument`.
    var selector: Int
    var service: Service
    /// Chosen because of its parent, not for itself.
    var isWorker: Bool
}

/// Why a process is traced.
struct Choice: Sendable, Hashable {
    /// Index in `DiscoverySettings.instrument`.
    var selector: Int
    /// What it ran when that was decided.
    var executable: String
    /// The service of the parent, for a worker that no selector matches by itself.
    var worker: Service?
}
