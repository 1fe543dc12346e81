public import Assemble
import FoundationEssentials
public import Logging
public import OTLP
public import Settings
import Synchronization

/// Sends what hilo measures of itself to an OpenTelemetry collector, by OTLP over HTTP. Counters are sums since its
/// start, so that a report which does not arrive is made up for by the next: none is kept, none is sent again.
public final class MetricsExporter: Sendable {
    private struct Report {
        let metrics: [Metric]
        let measured: UInt64
    }

    private let latest = Mutex<Report?>(nil)
    private let isFailing = Mutex(false)
    private let endpoint: OTLPEndpoint
    private let settings: InternalMetricsSettings
    private let security: TransportSecurity?
    private let resource: Resource
    private let scope: InstrumentationScope
    private let log: ExportLog
    private let start = MetricsExporter.now()

    /// How long the last report, and then the end of connections, is waited for.
    private static let longestEnding = Duration.seconds(1)

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

    /// Reports every interval until the task is cancelled, and then once more.
    public func run() async {
        let transport = OTLPTransport(
            settings: settings.collector, endpoint: endpoint, security: security, version: scope.version)
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: settings.interval)
            } catch {
                break
            }
            await report(over: transport)
        }
        await Doorbell.wait(atMost: Self.longestEnding) { await self.report(over: transport) }
        await Doorbell.wait(atMost: Self.longestEnding) { [log] in
            do {
                try await transport.shutdown()
            } catch {
                log.closing(failedWith: error)
            }
        }
    }

    private func report(over transport: OTLPTransport) async {
        guard let report = latest.withLock({ $0 }) else { return }
        do throws(MessageError) {
            let body = try MetricsExportRequest.encoded(
                report.metrics, of: resource, scope: scope, since: start, at: report.measured)
            note(Verdict(await transport.post(body), unixSeconds: Int64(Date.now.timeIntervalSince1970)))
        } catch {
            log.metricsFailed(reason: error.reason, message: "")
        }
    }

    private func note(_ verdict: Verdict) {
        let fails = if case .delivered = verdict.outcome { false } else { true }
        let didFail = isFailing.withLock { isFailing in
            defer { isFailing = fails }
            return isFailing
        }
        guard fails != didFail else { return }
        if fails {
            log.metricsFailed(reason: verdict.reason, message: verdict.message)
        } else {
            log.metricsTaken()
        }
    }

    private static func now() -> UInt64 { UInt64(max(0, Date.now.timeIntervalSince1970) * 1e9) }
}
