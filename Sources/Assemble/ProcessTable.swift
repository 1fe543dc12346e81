/// What is known of the processes that spans come from, and the spans that wait until something is.
struct ProcessTable: Sendable {
    private struct Process: Sendable {
        /// Nil until it is described, or given up on.
        var resource: ResourceRef?
        /// `resource` only stands in, because no description came in time.
        var isStandIn = false
        /// It was never to be traced: its spans are dropped.
        var isDisowned = false
        /// When the spans that wait are let go without a description.
        var deadline: UInt64 = .max
        /// When all this is forgotten, since the process is gone or nobody speaks of it.
        var forgetAt: UInt64 = .max
        var routes: RouteBudget
        var waiting: [Span] = []

        init(routesAtMost limit: Int) {
            routes = RouteBudget(limit)
        }

        /// Makes a span of this process. Nil when it waits here for the description.
        mutating func admit(
            deadline: UInt64, counting counters: inout Assembler.Counters,
            make: (ResourceRef, inout RouteBudget) -> Span
        ) -> Span? {
            if let resource {
                if isStandIn { counters.undescribed += 1 }
                return make(resource, &routes)
            }
            if waiting.isEmpty { self.deadline = deadline }
            waiting.append(make(ProcessTable.pending, &routes))
            counters.deferred += 1
            return nil
        }
    }

    private let limits: Assembler.Limits
    private var processes: [UInt32: Process] = [:]
    private var nextID = 0
    /// Spans that wait, over all processes.
    private(set) var waitingCount = 0

    init(limits: Assembler.Limits) {
        self.limits = limits
    }

    /// The resource of a span that waits; nobody sees it.
    private static let pending = ResourceRef(id: -1, resource: Resource())

    /// Takes the description of a process. Spans that waited for it are added to `spans`.
    mutating func set(_ resource: Resource, for tgid: UInt32, into spans: inout [Span]) {
        var process = processes.removeValue(forKey: tgid) ?? Process(routesAtMost: limits.routesPerProcess)
        if process.isStandIn || process.resource?.resource != resource { process.resource = makeRef(resource) }
        process.isStandIn = false
        process.isDisowned = false
        process.forgetAt = .max
        _ = release(&process, into: &spans)
        processes[tgid] = process
    }

    /// The description no longer holds; spans that follow wait for a new one.
    mutating func forget(_ tgid: UInt32) {
        guard let old = processes.removeValue(forKey: tgid), !old.waiting.isEmpty else { return }
        // What waits belongs to the program that is about to be described, as far as anybody can tell.
        var process = Process(routesAtMost: limits.routesPerProcess)
        process.deadline = old.deadline
        process.waiting = old.waiting
        processes[tgid] = process
    }

    /// The process is gone; records of it may still come for a while.
    mutating func exited(_ tgid: UInt32, now: UInt64) {
        processes[tgid]?.forgetAt = now.addingClamped(limits.exitGraceNanos)
    }

    /// The process runs what nobody chose: drops what waits for its description, and what comes for a while. What was
    /// described before stays right.
    ///
    /// - Returns: how many spans were dropped that waited.
    mutating func disown(_ tgid: UInt32, now: UInt64) -> Int {
        var process = processes[tgid] ?? Process(routesAtMost: limits.routesPerProcess)
        let count = process.waiting.count
        process.waiting = []
        waitingCount -= count
        process.isDisowned = process.resource == nil || process.isStandIn
        process.forgetAt = now.addingClamped(limits.exitGraceNanos)
        processes[tgid] = process
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
        if waitingCount >= limits.waitingSpans { makeRoom(now: now, into: &spans, counting: &counters) }
        let (maxRoutes, deadline) = (limits.routesPerProcess, now.addingClamped(limits.descriptionWaitNanos))
        let span = processes[tgid, default: Process(routesAtMost: maxRoutes)]
            .admit(deadline: deadline, counting: &counters, make: make)
        if let span { spans.append(span) } else { waitingCount += 1 }
    }

    /// Lets go of what has waited long enough, and forgets processes that are gone.
    mutating func expire(now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters) {
        for tgid in processes.keys(where: { !$0.waiting.isEmpty && $0.deadline <= now }) {
            giveUp(tgid, now: now, into: &spans, counting: &counters)
        }
        for tgid in processes.keys(where: { $0.forgetAt <= now }) {
            giveUp(tgid, now: now, into: &spans, counting: &counters)
            processes[tgid] = nil
        }
    }

    /// Lets go of all spans that wait.
    mutating func flush(now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters) {
        for tgid in processes.keys(where: { !$0.waiting.isEmpty }) {
            giveUp(tgid, now: now, into: &spans, counting: &counters)
        }
    }

    /// Gives up on the process that has waited longest.
    private mutating func makeRoom(now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters) {
        let waiting = processes.lazy.filter { !$0.value.waiting.isEmpty }
        guard let first = waiting.min(by: { $0.value.deadline < $1.value.deadline }) else { return }
        giveUp(first.key, now: now, into: &spans, counting: &counters)
    }

    private mutating func giveUp(
        _ tgid: UInt32, now: UInt64, into spans: inout [Span], counting counters: inout Assembler.Counters
    ) {
        guard var process = processes[tgid], process.resource == nil else { return }
        processes[tgid] = nil
        process.resource = makeRef(.undescribed(process: tgid))
        process.isStandIn = true
        // Nobody may ever describe it, or say that it is gone.
        process.forgetAt = min(process.forgetAt, now.addingClamped(limits.standInNanos))
        counters.undescribed += UInt64(release(&process, into: &spans))
        processes[tgid] = process
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

extension Dictionary {
    /// The keys of the values that match, apart from the dictionary, which may be changed while they are walked.
    fileprivate func keys(where matches: (Value) -> Bool) -> [Key] {
        compactMap { matches($0.value) ? $0.key : nil }
    }
}

extension UInt64 {
    /// The sum, or the largest number where that is larger.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
