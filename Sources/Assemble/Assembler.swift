internal import Dissect
internal import TraceContext

/// Turns records of exchanges into spans: a pure state machine, whose clock and whose knowledge of processes are
/// handed in.
///
/// Nearly every record has a whole exchange and becomes a span at once. A pipelined request comes in one record and
/// its answer in another: the first waits for the second, in a table that is bounded in size and time. A span of a
/// process that nobody has described yet waits for the description, bounded in the same ways. Nothing is dropped
/// without being counted.
///
/// `now` is CLOCK_MONOTONIC in nanoseconds throughout, and must not go back.
public struct Assembler: Sendable {
    /// Where memory and patience end.
    public struct Limits: Hashable, Sendable {
        /// Halves that wait for their other half.
        public var waitingHalves = 16_384
        /// How long they wait.
        public var halfWaitNanos: UInt64 = 120_000_000_000
        /// Records among which one that comes again is recognised.
        public var duplicateWindow = 16_384
        /// Spans that wait for descriptions of their processes, all together.
        public var waitingSpans = 8_192
        /// How long they wait.
        public var descriptionWaitNanos: UInt64 = 2_000_000_000
        /// How long a process is remembered that has exited.
        public var exitGraceNanos: UInt64 = 10_000_000_000
        /// How long a process that was never described goes without being waited for again.
        public var standInNanos: UInt64 = 60_000_000_000
        /// Processes of these two sorts, together. Those that are described and live are as many as somebody describes,
        /// and those whose spans wait no more than there are such spans.
        public var lingeringProcesses = 16_384
        /// Guessed routes that a process may have.
        public var routesPerProcess = 1_000

        public init() {}
    }

    /// What makes a record the same as another, in two words, since every record is looked up by it.
    private struct RecordKey: Hashable, Sendable {
        private let connection: UInt64
        private let rest: UInt64

        init(_ exchange: Exchange) {
            connection = exchange.id.connection
            // The end is among it because the request of a connection that fails may be reported twice, and rightly so.
            let isOpen: UInt64 = exchange.end == .open ? 1 : 0
            rest = UInt64(exchange.id.sequence) << 32 | UInt64(exchange.parts.rawValue) << 1 | isOpen
        }
    }

    /// From which monotonic times become Unix times; set it anew when the wall clock has been stepped.
    public var clock: ClockMap
    public private(set) var counters = Counters()

    private let options: SpanOptions
    private let limits: Limits
    private var halves: ExpiringTable<Exchange.ID, Exchange>
    private var recent: RecentSet<RecordKey>
    private var processes: ProcessTable

    public init(clock: ClockMap, options: SpanOptions = SpanOptions(), limits: Limits = Limits()) {
        self.clock = clock
        self.options = options
        self.limits = limits
        self.halves = ExpiringTable(capacity: limits.waitingHalves)
        self.recent = RecentSet(window: limits.duplicateWindow)
        self.processes = ProcessTable(limits: limits)
    }

    /// Halves that wait for their other half at this moment.
    public var waitingHalves: Int { halves.count }

    /// Spans that wait for a description of their process at this moment.
    public var waitingSpans: Int { processes.waitingCount }

    /// Processes of which anything is remembered at this moment.
    public var rememberedProcesses: Int { processes.count }

    // MARK: - Records

    /// Takes one record; the spans that it completes are added to `spans`.
    public mutating func take(_ exchange: Exchange, now: UInt64, into spans: inout [Span]) {
        counters.records += 1
        guard recent.insert(RecordKey(exchange)) else {
            counters.duplicates += 1
            return
        }
        if exchange.parts == [.request, .response] {
            counters.whole += 1
            finish(exchange, .seen, now: now, into: &spans)
        } else {
            takeHalf(exchange, now: now, into: &spans)
        }
    }

    /// The same, with the spans as the result.
    public mutating func take(_ exchange: Exchange, now: UInt64) -> [Span] {
        var spans: [Span] = []
        take(exchange, now: now, into: &spans)
        return spans
    }

    private mutating func takeHalf(_ half: Exchange, now: UInt64, into spans: inout [Span]) {
        if let other = halves[half.id] {
            // Two halves of a kind, but for a request that waits and the report of its end.
            if other.parts == half.parts && (half.parts == .response || half.end == other.end) {
                counters.duplicates += 1
                return
            }
            _ = halves.remove(half.id)
            let isAnswer = other.parts.contains(.request) && other.end == .open
            var whole = isAnswer ? other : half
            whole.absorb(response: isAnswer ? half : other)
            counters.paired += 1
            finish(whole, .seen, now: now, into: &spans)
        } else if half.parts == .request && half.end != .open {
            counters.whole += 1
            finish(half, .seen, now: now, into: &spans)
        } else {
            let deadline = now.addingClamped(limits.halfWaitNanos)
            if let evicted = halves.insert(half, for: half.id, deadline: deadline) {
                giveUp(evicted, .evicted, counting: \.requestsEvicted, now: now, into: &spans)
            }
        }
    }

    /// A half whose other half will not come.
    private mutating func giveUp(
        _ half: Exchange, _ ending: Ending, counting counter: WritableKeyPath<Counters, UInt64>, now: UInt64,
        into spans: inout [Span]
    ) {
        guard half.parts.contains(.request) else {
            counters.answersOrphaned += 1
            return
        }
        counters[keyPath: counter] += 1
        finish(half, ending, now: now, into: &spans)
    }

    private mutating func finish(_ exchange: Exchange, _ ending: Ending, now: UInt64, into spans: inout [Span]) {
        guard exchange.traceFlags.contains(.sampled) else {
            counters.unsampled += 1
            return
        }
        guard !processes.isDisowned(exchange.process) else {
            counters.disowned += 1
            return
        }
        if exchange.request == nil { counters.unreadable += 1 }
        let before = spans.count
        let route = self.route(of: exchange)
        // Of their own, since the closure may not touch what is being changed: self.
        let (options, clock) = (options, clock)
        var isOverLimit = false
        processes.deliver(from: exchange.process, now: now, into: &spans, counting: &counters) { resource, budget in
            var text = route?.text
            if let route, !route.isBounded, !budget.admits(route.text) {
                text = nil
                isOverLimit = true
            }
            return HTTPSpan.make(of: exchange, ending, route: text, options: options, clock: clock, resource: resource)
        }
        if isOverLimit { counters.routesOverLimit += 1 }
        counters.spans += UInt64(spans.count - before)
    }

    /// Routes are a server's; and a path that was cut has none, since what is missing may be what tells routes apart.
    private func route(of exchange: Exchange) -> RouteNamer.Route? {
        guard exchange.role == .server, let target = exchange.request?.target, target.isPathComplete else { return nil }
        return options.routes.route(forPath: target.path)
    }

    // MARK: - Time

    /// Lets go of what has waited long enough. To be called a few times a second.
    public mutating func expire(now: UInt64, into spans: inout [Span]) {
        while let half = halves.removeExpired(now: now) {
            let ending = Ending.expired(seconds: limits.halfWaitNanos / 1_000_000_000)
            giveUp(half, ending, counting: \.requestsExpired, now: now, into: &spans)
        }
        let before = spans.count
        processes.expire(now: now, into: &spans, counting: &counters)
        counters.spans += UInt64(spans.count - before)
    }

    /// The same, with the spans as the result.
    public mutating func expire(now: UInt64) -> [Span] {
        var spans: [Span] = []
        expire(now: now, into: &spans)
        return spans
    }

    /// Lets go of all that waits: hilo stops.
    public mutating func flush(now: UInt64, into spans: inout [Span]) {
        while let half = halves.removeOldest() {
            giveUp(half, .stopped, counting: \.requestsStopped, now: now, into: &spans)
        }
        let before = spans.count
        processes.flush(now: now, into: &spans, counting: &counters)
        counters.spans += UInt64(spans.count - before)
    }

    // MARK: - Processes

    /// Describes a process, for the first time or anew. Returns the spans that waited for it.
    ///
    /// - Parameter tgid: a process that lives. When the description comes after the news of its end, tell that again.
    public mutating func setResource(_ resource: Resource, forProcess tgid: UInt32) -> [Span] {
        var spans: [Span] = []
        processes.set(resource, for: tgid, into: &spans)
        counters.spans += UInt64(spans.count)
        return spans
    }

    /// The description of a process no longer holds: it runs another program now. Its spans wait for the new one.
    public mutating func forgetProcess(_ tgid: UInt32) {
        processes.forget(tgid)
    }

    /// What runs in a process was never to be traced. What was made of it since the last description is dropped, and
    /// what comes within ``Limits/exitGraceNanos`` too, unless it is described anew.
    public mutating func disownProcess(_ tgid: UInt32, now: UInt64) {
        let count = processes.disown(tgid, now: now, counting: &counters)
        counters.disowned += UInt64(count)
    }

    /// A process is gone. Its description stays for ``Limits/exitGraceNanos``, since records of it may still be on
    /// their way.
    public mutating func processExited(_ tgid: UInt32, now: UInt64) {
        processes.exited(tgid, now: now, counting: &counters)
    }
}
