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
    private struct State {
        var queue: DeliveryQueue<Span>
        var health = ExportHealth()
    }

    private let state: Mutex<State>
    private let doorbell = Doorbell()
    private let settings: TracesExportSettings
    private let endpoint: OTLPEndpoint
    /// Nil where the endpoint is plain HTTP.
    private let security: TransportSecurity?
    private let scope: InstrumentationScope
    private let log: ExportLog

    /// How many requests may be on their way: one is written while another is answered.
    private static let concurrency = 2

    /// Reads the certificates that the settings name; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - version: hilo's own, for the instrumentation scope and the `User-Agent`.
    /// - Throws: ``ExportSetupError`` for a certificate or key that cannot be used.
    public init(
        endpoint: OTLPEndpoint, settings: TracesExportSettings, version: String, logger: Logger
    ) throws(ExportSetupError) {
        self.endpoint = endpoint
        self.settings = settings
        security = endpoint.isSecure ? try TransportSecurity(settings) : nil
        scope = InstrumentationScope(version: version)
        log = ExportLog(logger, endpoint: endpoint, settings: settings)
        state = Mutex(State(queue: DeliveryQueue(limits: DeliveryLimits(settings, concurrency: Self.concurrency))))
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
            settings: settings, endpoint: endpoint, security: security, version: scope.version)
        await withDiscardingTaskGroup { group in
            while let batch = await nextBatch() {
                group.addTask { await self.deliver(batch, over: transport) }
            }
            group.cancelAll()
        }
        do {
            try await transport.shutdown()
        } catch {
            log.closing(failedWith: error)
        }
        log.ended(counts)
    }

    /// Waits until there is a batch to send; nil when there will be none any more.
    private func nextBatch() async -> DeliveryQueue<Span>.Batch? {
        while true {
            if Task.isCancelled { finish(within: .zero) }
            let (step, notice) = state.withLock { state in
                let now = ContinuousClock.now
                let overflow = state.queue.counts.dropped[.queueFull]
                return (state.queue.next(now: now), state.health.note(overflow: overflow, now: now))
            }
            if let notice { log.say(notice) }
            switch step {
            case .send(let batch): return batch
            case .wait(let instant): await doorbell.wait(until: instant)
            case .finished: return nil
            }
        }
    }

    private func deliver(_ batch: DeliveryQueue<Span>.Batch, over transport: OTLPTransport) async {
        let answer = await transport.post(TraceExportRequest.encoded(batch.items, scope: scope))
        let verdict = Verdict(answer, unixSeconds: Int64(Date.now.timeIntervalSince1970))
        var generator = SystemRandomNumberGenerator()
        let notice = state.withLock { state -> ExportHealth.Notice? in
            let now = ContinuousClock.now
            let lostBefore = state.queue.counts.dropped.total
            guard state.queue.settle(batch.id, as: verdict.outcome, now: now, using: &generator) else { return nil }
            return state.health.note(
                verdict.outcome, reason: verdict.reason, message: verdict.message, lostBefore: lostBefore,
                lost: state.queue.counts.dropped.total, now: now)
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
