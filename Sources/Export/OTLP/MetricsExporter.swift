public import Assemble
import FoundationEssentials
public import Logging
public import OTLP
public import Settings
import Synchronization

/// Sends what hilo measures of itself to an OpenTelemetry collector, by OTLP over HTTP. Counters are sums since its
/// start, so that a report which does not arrive is made up for by the next: none is kept, none is sent again.
public final class MetricsExporter: Sendable {
    private struct Health {
        var isFailing = false
        /// What the collector said last beside taking a report.
        var remark = ""
        /// How long it asked to be left alone, from the report on that it did not take.
        var asksForPeace = Duration.zero
    }

    private struct Report {
        let metrics: [Metric]
        let measured: UInt64
    }

    private let latest = Mutex<Report?>(nil)
    /// How long the last report and the end of connections are waited for.
    private let ending = Mutex(Duration.seconds(1))
    /// Rung when they are not waited for any more.
    private let hurried = Doorbell()
    private let health = Mutex(Health())
    private let endpoint: OTLPEndpoint
    private let settings: InternalMetricsSettings
    private let security: TransportSecurity?
    private let resource: Resource
    private let scope: InstrumentationScope
    private let log: ExportLog
    private let start = MetricsExporter.now()

    private static let longestPeace = Duration.seconds(300)

    /// Reads the certificates that the settings name; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - resource: hilo itself.
    ///   - version: hilo's own, for the instrumentation scope and the `User-Agent`.
    /// - Throws: ``ExportSetupError`` for a certificate or key that cannot be used.
    public init(
        endpoint: OTLPEndpoint, settings: InternalMetricsSettings, resource: Resource, version: String, logger: Logger
    ) throws(ExportSetupError) {
        self.endpoint = endpoint
        self.settings = settings
        self.resource = resource
        security = endpoint.isSecure ? try TransportSecurity(settings.collector) : nil
        scope = InstrumentationScope(version: version)
        log = ExportLog(logger, endpoint: endpoint, settings: settings.collector)
    }

    /// What is reported next, unless something newer is measured before. Never waits.
    public func take(_ metrics: [Metric]) {
        latest.withLock { $0 = Report(metrics: metrics, measured: Self.now()) }
    }

    /// The end may take so long, if that is less than a second. Nothing is sent any more if it is no time at all.
    public func finish(within limit: Duration) {
        ending.withLock { $0 = min($0, limit) }
    }

    /// As no time; an end that has begun is waited for no longer.
    public func hurry() {
        finish(within: .zero)
        hurried.ring()
    }

    /// Reports every interval until the task is cancelled, and then once more.
    public func run() async {
        let transport = OTLPTransport(
            settings: settings.collector, endpoint: endpoint, security: security, version: scope.version)
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: max(settings.interval, health.withLock(\.asksForPeace)))
            } catch {
                break
            }
            await report(over: transport)
        }
        let limit = ending.withLock(\.self)
        await hurried.wait(atMost: limit) {
            if limit > .zero { await self.report(over: transport) }
            await self.end(transport)
        }
    }

    private func end(_ transport: OTLPTransport) async {
        do {
            try await transport.shutdown()
        } catch {
            log.closing(failedWith: error)
        }
    }

    private func report(over transport: OTLPTransport) async {
        guard let report = latest.withLock({ $0 }) else { return }
        do throws(MessageError) {
            let body = try MetricsExportRequest.encoded(
                report.metrics, of: resource, scope: scope, since: start, at: report.measured)
            let answer = await transport.post(body)
            // What was broken off says nothing about the collector; the last report comes behind it.
            guard !Task.isCancelled else { return }
            note(Verdict(answer, unixSeconds: Int64(Date.now.timeIntervalSince1970)))
        } catch {
            log.metricsFailed(reason: error.reason, message: "")
        }
    }

    /// Says what is news.
    private func note(_ verdict: Verdict) {
        let before = health.withLock { health in
            defer {
                health = Health()
                switch verdict.outcome {
                case .delivered: health.remark = verdict.message
                case .failed(let retryAfter):
                    health.isFailing = true
                    health.asksForPeace = min(retryAfter ?? .zero, Self.longestPeace)
                case .refused: health.isFailing = true
                }
            }
            return health
        }
        switch verdict.outcome {
        case .delivered(let rejected):
            if before.isFailing { log.metricsTaken() }
            let isRemark = rejected > 0 || !verdict.message.isEmpty
            if isRemark, before.remark != verdict.message {
                log.say(.partial(rejected: rejected, message: verdict.message))
            }
        case .failed, .refused:
            if !before.isFailing { log.metricsFailed(reason: verdict.reason, message: verdict.message) }
        }
    }

    private static func now() -> UInt64 { UInt64(max(0, Date.now.timeIntervalSince1970) * 1e9) }
}
