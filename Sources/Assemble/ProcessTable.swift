/// What is known of the processes that spans come from, and the spans that wait until something is.
///
/// A process that is described and lives is remembered until it is said to be gone; whoever describes processes bounds
/// their number. Any other is in one of three lines, which are in the order of their deadlines: a fallen event-reader
/// can name a new process with every record, so what a record costs must not grow with what is remembered.
struct ProcessTable: Sendable {
    private struct Process: Sendable {
        /// Nil until it is described, or given up on.
        var resource: ResourceRef?
        /// `resource` only stands in, because no description came in time.
        var isStandIn = false
        /// It was never to be traced: its spans are dropped.
        var isDisowned = false
        /// It has exited, and its spans wait all the same.
        var hasExited = false
        var routes: RouteBudget
        var waiting: [Span] = []

        init(routesAtMost limit: Int) {
            routes = RouteBudget(limit)
        }

        /// Makes a span of this process. Nil when it waits here for the description.
        mutating func admit(
            counting counters: inout Assembler.Counters, make: (ResourceRef, inout RouteBudget) -> Span
        ) -> Span? {
            if let resource {
                if isStandIn { counters.undescribed += 1 }
                return make(resource, &routes)
            }
            waiting.append(make(ProcessTable.pending, &routes))
            counters.deferred += 1
            return nil
        }
    }

    private typealias Line = ExpiringTable<UInt32, UInt32>

    private let limits: Assembler.Limits
    private var processes: [UInt32: Process] = [:]
    /// Those with spans that wait, until these are let go without a description.
    private var undescribed = Line(capacity: .max)
    /// Those that go without a description, and those that are gone or disowned, until they are forgotten.
    private var standIns = Line(capacity: .max)
    private var gone = Line(capacity: .max)
    private var nextID = 0
    /// Spans that wait, over all processes.
    private(set) var waitingCount = 0

    init(limits: Assembler.Limits) {
        self.limits = limits
    }

    /// The resource of a span that waits; nobody sees it.
    private static let pending = ResourceRef(id: -1, resource: Resource())

    var count: Int { processes.count }

    /// Takes the description of a process. Spans that waited for it are added to `spans`.
    mutating func set(_ resource: Resource, for tgid: UInt32, into spans: inout [Span]) {
        var process = processes.removeValue(forKey: tgid) ?? Process(routesAtMost: limits.routesPerProcess)
        if process.isStandIn || process.resource?.resource != resource { process.resource = makeRef(resource) }
        process.isStandIn = false
        process.isDisowned = false
        process.hasExited = false
        leaveLine(tgid)
        _ = release(&process, into: &spans)
        processes[tgid] = process
    }

    /// The description no longer holds; spans that follow wait for a new one.
    mutating func forget(_ tgid: UInt32) {
        guard let old = processes.removeValue(forKey: tgid) else { return }
        guard !old.waiting.isEmpty else { return leaveLine(tgid) }
        // What waits belongs to the program that is about to be described, as far as anybody can tell.
        var process = Process(routesAtMost: limits.routesPerProcess)
        process.waiting = old.waiting
        processes[tgid] = process
    }

    /// The process is gone; records of it may still come for a while.
    mutating func exited(_ tgid: UInt32, now: UInt64, counting counters: inout Assembler.Counters) {
        guard processes[tgid] != nil else { return }
        if undescribed[tgid] != nil {
            processes[tgid]?.hasExited = true
        } else {
            retire(tgid, now: now, counting: &counters)
        }
    }

    /// The process runs what nobody chose: drops what waits for its description, and what comes for a while. What was
    /// described before stays right.
    ///
    /// - Returns: how many spans were dropped that waited.
    mutating func disown(_ tgid: UInt32, now: UInt64, counting counters: inout Assembler.Counters) -> Int {
        var process = processes.removeValue(forKey: tgid) ?? Process(routesAtMost: limits.routesPerProcess)
        let count = process.waiting.count
        process.waiting = []
        waitingCount -= count
        process.isDisowned = process.resource == nil || process.isStandIn
        processes[tgid] = process
        retire(tgid, now: now, counting: &counters)
        return count
    }

    /// Whether spans of a process are to be dropped.
    func isDisowned(_ tgid: UInt32) -> Bool {
        processes[tgid]?.isDisowned ?? false
    }

    /// Adds the span that `make` makes to `spans`, or keeps it until its process is described.
    ///
    /// - Parameter make: gets the resource and the routes that this process may have; called once.
    mutating func deliver(
        from tgid: UInt32, now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters,
        make: (ResourceRef, inout RouteBudget) -> Span
    ) {
        // Room is made by the process that has waited longest.
        if waitingCount >= limits.waitingSpans, let oldest = undescribed.removeOldest() {
            giveUp(oldest, now: now, into: &spans, counting: &counters)
        }
        let maxRoutes = limits.routesPerProcess
        let span = processes[tgid, default: Process(routesAtMost: maxRoutes)].admit(counting: &counters, make: make)
        if let span { return spans.append(span) }
        waitingCount += 1
        guard undescribed[tgid] == nil else { return }
        _ = undescribed.insert(tgid, for: tgid, deadline: now.addingClamped(limits.descriptionWaitNanos))
    }

    /// Lets go of what has waited long enough, and forgets processes that are gone.
    mutating func expire(now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters) {
        while let tgid = undescribed.removeExpired(now: now) {
            giveUp(tgid, now: now, into: &spans, counting: &counters)
        }
        while let tgid = standIns.removeExpired(now: now) ?? gone.removeExpired(now: now) { processes[tgid] = nil }
    }

    /// Lets go of all spans that wait.
    mutating func flush(now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters) {
        while let tgid = undescribed.removeOldest() { giveUp(tgid, now: now, into: &spans, counting: &counters) }
    }

    /// Has something stand in for the description of a process that has left its line.
    private mutating func giveUp(
        _ tgid: UInt32, now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters
    ) {
        guard var process = processes.removeValue(forKey: tgid) else { return }
        process.resource = makeRef(.undescribed(process: tgid))
        process.isStandIn = true
        counters.undescribed += UInt64(release(&process, into: &spans))
        processes[tgid] = process
        guard !process.hasExited else { return retire(tgid, now: now, counting: &counters) }
        // Nobody may ever describe it, or say that it is gone.
        _ = standIns.insert(tgid, for: tgid, deadline: now.addingClamped(limits.standInNanos))
        evict(counting: &counters)
    }

    /// The process is to be forgotten when records of it have had the time to come.
    private mutating func retire(_ tgid: UInt32, now: UInt64, counting counters: inout Assembler.Counters) {
        leaveLine(tgid)
        _ = gone.insert(tgid, for: tgid, deadline: now.addingClamped(limits.exitGraceNanos))
        evict(counting: &counters)
    }

    private mutating func leaveLine(_ tgid: UInt32) {
        _ = undescribed.remove(tgid) ?? standIns.remove(tgid) ?? gone.remove(tgid)
    }

    /// Forgets what is too much: stand-ins first, for nothing is known of them.
    private mutating func evict(counting counters: inout Assembler.Counters) {
        while standIns.count + gone.count > limits.lingeringProcesses,
            let tgid = standIns.removeOldest() ?? gone.removeOldest()
        {
            processes[tgid] = nil
            counters.processesEvicted += 1
        }
    }

    /// Returns how many spans no longer wait.
    private mutating func release(_ process: inout Process, into spans: inout [Span]) -> Int {
        guard let resource = process.resource else { return 0 }
        let count = process.waiting.count
        for var span in process.waiting {
            span.resource = resource
            spans.append(span)
        }
        process.waiting = []
        waitingCount -= count
        return count
    }

    private mutating func makeRef(_ resource: Resource) -> ResourceRef {
        defer { nextID += 1 }
        return ResourceRef(id: nextID, resource: resource)
    }
}

extension UInt64 {
    /// The sum, or the largest number where that is larger.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
