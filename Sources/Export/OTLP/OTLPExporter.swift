public import Assemble
import FoundationEssentials
public import Logging
import OTLP
public import Settings
import Synchronization

/// Sends spans to an OpenTelemetry collector by OTLP over HTTP: protobuf, in batches, again when that may help.
///
/// Deciding is left to ``DeliveryQueue``, ``Verdict`` and ``ExportHealth``; this is the shell that owns clock, network
/// and log.
public final class OTLPExporter: SpanSink {
    struct State {
        var queue: DeliveryQueue<Span>
        var health = ExportHealth()
        var spoolHealth = SpoolHealth()
    }

    let state: Mutex<State>
    let doorbell = Doorbell()
    let spool: Spool?
    private let settings: TracesExportSettings
    private let endpoint: OTLPEndpoint
    /// Nil where the endpoint is plain HTTP.
    private let security: TransportSecurity?
    let scope: InstrumentationScope
    let log: ExportLog

    /// How many requests may be on their way: one is written while another is answered.
    private static let concurrency = 2
    /// How long the end waits for connections to be closed.
    private static let longestClosing = Duration.milliseconds(500)

    /// Reads the certificates that the settings name; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - spool: where spans wait that cannot be exported; nil: in memory only.
    ///   - version: hilo's own, for the instrumentation scope and the `User-Agent`.
    /// - Throws: ``ExportSetupError`` for a certificate or key that cannot be used.
    public init(
        endpoint: OTLPEndpoint, settings: TracesExportSettings, spool: Spool? = nil, version: String, logger: Logger
    ) throws(ExportSetupError) {
        self.endpoint = endpoint
        self.settings = settings
        security = endpoint.isSecure ? try TransportSecurity(settings.collector) : nil
        scope = InstrumentationScope(version: version)
        log = ExportLog(logger, endpoint: endpoint, settings: settings.collector)
        self.spool = spool
        let limits = DeliveryLimits(settings, concurrency: Self.concurrency)
        state = Mutex(State(queue: DeliveryQueue(limits: limits, hasSpool: spool != nil)))
    }

    public var counts: ExportCounts { state.withLock { $0.queue.counts } }

    public func take(_ spans: [Span]) {
        let isNews = state.withLock { $0.queue.accept(spans, now: .now) }
        if isNews { doorbell.ring() }
    }

    public func finish(within limit: Duration) {
        state.withLock {
            let now = ContinuousClock.now
            $0.queue.close(deadline: now.advanced(by: limit), now: now)
        }
        doorbell.ring()
    }

    public func run() async {
        let transport = OTLPTransport(
            settings: settings.collector, endpoint: endpoint, security: security, version: scope.version)
        await recover()
        await withDiscardingTaskGroup { group in
            while let work = await nextWork() {
                switch work {
                case .send(let batch): group.addTask { await self.deliver(batch, over: transport) }
                case .store(let batch, let spool): store(batch, in: spool)
                case .drain(let drain, let spool):
                    group.addTask { await self.drain(drain, from: spool, over: transport) }
                }
            }
            group.cancelAll()
        }
        await closeSpool()
        await close(transport)
        log.ended(counts)
    }

    /// For a moment at most. A connection that is being made is waited for until it is made or as much time is over as
    /// a request may take; and a collector can leave one in that state, which says nothing to a ClientHello.
    private func close(_ transport: OTLPTransport) async {
        await Doorbell().wait(atMost: Self.longestClosing) { [log] in
            do {
                try await transport.shutdown()
            } catch {
                log.closing(failedWith: error)
            }
        }
    }

    private enum Work: Sendable {
        case send(DeliveryQueue<Span>.Batch)
        case store(DeliveryQueue<Span>.Batch, Spool)
        case drain(DeliveryQueue<Span>.Drain, Spool)
    }

    /// Waits until there is something to do; nil when there will be nothing any more.
    private func nextWork() async -> Work? {
        while true {
            if Task.isCancelled { finish(within: .zero) }
            let (step, notices) = state.withLock { state in
                let now = ContinuousClock.now
                let step = state.queue.next(now: now)
                let dropped = state.queue.counts.dropped
                let notices = [
                    state.health.note(overflow: dropped[.queueFull], now: now),
                    state.health.note(expired: dropped[.exportTimeout], now: now),
                ]
                return (step, notices.compactMap(\.self))
            }
            for notice in notices { log.say(notice) }
            switch (step, spool) {
            case (.send(let batch), _): return .send(batch)
            case (.store(let batch), let spool?): return .store(batch, spool)
            case (.drain(let drain), let spool?): return .drain(drain, spool)
            case (.wait(let instant), _): await rest(until: instant)
            case (.finished, _), (.store, nil), (.drain, nil): return nil
            }
        }
    }

    /// A cancelled task waits, too: for what is being written to the spool.
    private func rest(until instant: ContinuousClock.Instant?) async {
        guard Task.isCancelled else { return await doorbell.wait(until: instant) }
        await Task { await doorbell.wait(until: instant) }.value
    }

    private func deliver(_ batch: DeliveryQueue<Span>.Batch, over transport: OTLPTransport) async {
        let verdict = await post(TraceExportRequest.encoded(batch.items, scope: scope), over: transport)
        settle(verdict) { (queue, now) in
            var generator = SystemRandomNumberGenerator()
            return queue.settle(batch.id, as: verdict.outcome, now: now, using: &generator)
        }
    }

    func post(_ body: [UInt8], over transport: OTLPTransport) async -> Verdict {
        Verdict(await transport.post(body), unixSeconds: Int64(Date.now.timeIntervalSince1970))
    }

    /// - Parameter count: has the queue count the outcome; false: it does not matter any more.
    func settle(_ verdict: Verdict, _ count: (inout DeliveryQueue<Span>, ContinuousClock.Instant) -> Bool) {
        let notice = state.withLock { state -> ExportHealth.Notice? in
            let now = ContinuousClock.now
            let lostBefore = state.queue.counts.dropped.total
            guard count(&state.queue, now) else { return nil }
            return state.health.note(
                verdict.outcome, reason: verdict.reason(waitingAtMost: settings.retry.maxElapsedTime),
                message: verdict.message, lostBefore: lostBefore, lost: state.queue.counts.dropped.total, now: now)
        }
        if let notice { log.say(notice) }
        doorbell.ring()
    }
}

extension DeliveryLimits {
    fileprivate init(_ settings: TracesExportSettings, concurrency: Int) {
        self.init(
            capacity: settings.queueSize, maxBatch: settings.maxBatch, batchTimeout: settings.batchTimeout,
            concurrency: concurrency, initialPause: settings.retry.initialInterval,
            longestPause: settings.retry.maxInterval, longestRetry: settings.retry.maxElapsedTime)
    }
}
