public import TraceContext

/// Everything that a run of hilo can be told, as one plain value.
///
/// `Settings.load` makes it from a YAML file and the environment. The names that a user writes are those of
/// OpenTelemetry eBPF Instrumentation (OBI) and of OpenTelemetry; each property says which.
public struct Settings: Sendable, Equatable {
    /// Which processes are traced: `discovery`, `open_port`, `OTEL_EBPF_AUTO_TARGET_EXE`, `OTEL_EBPF_TARGET_PID`.
    public var discovery: DiscoverySettings
    /// What the kernel side does: `ebpf`.
    public var ebpf: EBPFSettings
    /// Where spans go over OTLP: `otel_traces_export`, `OTEL_EXPORTER_OTLP_*`.
    public var traces: TracesExportSettings
    /// Where metrics of hilo itself go: `internal_metrics`, `otel_metrics_export`.
    public var internalMetrics: InternalMetricsSettings
    /// Where spans wait on disk that cannot be exported: hilo's own `spool`.
    public var spool: SpoolSettings
    /// Which traces are kept: `otel_traces_export.sampler`, `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`.
    public var sampler: Sampler
    /// Spans on standard output: `trace_printer`, `OTEL_EBPF_TRACE_PRINTER`.
    public var tracePrinter: TracePrinter
    /// How requests are grouped into routes: `routes`.
    public var routes: RouteSettings
    /// Which attributes a span carries beyond the required ones: `attributes`.
    public var attributes: AttributeSettings
    /// Attributes added to the resource of every traced service: `OTEL_RESOURCE_ATTRIBUTES` of hilo itself, in the
    /// order in which they were written. `service.name`, `service.namespace` and `service.instance.id` never appear
    /// here: they belong to the traced process.
    public var resourceAttributes: [NamedValue]
    /// How long a stop may take, draining and exporting included: `shutdown_timeout`.
    public var shutdownTimeout: Duration
    /// The least severe message that is logged: `log_level`.
    public var logLevel: LogThreshold
    /// False when `OTEL_SDK_DISABLED=true`: hilo starts nothing and leaves with success.
    public var isEnabled: Bool

    public init(
        discovery: DiscoverySettings = DiscoverySettings(),
        ebpf: EBPFSettings = EBPFSettings(),
        traces: TracesExportSettings = TracesExportSettings(),
        internalMetrics: InternalMetricsSettings = InternalMetricsSettings(),
        spool: SpoolSettings = SpoolSettings(),
        sampler: Sampler = .parentBased(root: .alwaysOn),
        tracePrinter: TracePrinter = .disabled,
        routes: RouteSettings = RouteSettings(),
        attributes: AttributeSettings = AttributeSettings(),
        resourceAttributes: [NamedValue] = [],
        shutdownTimeout: Duration = .seconds(10),
        logLevel: LogThreshold = .info,
        isEnabled: Bool = true
    ) {
        self.discovery = discovery
        self.ebpf = ebpf
        self.traces = traces
        self.internalMetrics = internalMetrics
        self.spool = spool
        self.sampler = sampler
        self.tracePrinter = tracePrinter
        self.routes = routes
        self.attributes = attributes
        self.resourceAttributes = resourceAttributes
        self.shutdownTimeout = shutdownTimeout
        self.logLevel = logLevel
        self.isEnabled = isEnabled
    }
}

/// How spans are written to standard output.
public enum TracePrinter: String, Sendable, CaseIterable {
    case disabled
    /// One line a span.
    case text
    /// One JSON object a span, one span a line.
    case json
    /// hilo's own: each trace drawn as a tree once it is complete.
    case tree
}

/// The least severe message that is logged.
public enum LogThreshold: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error
}

/// An attribute written as `name=value`.
public struct NamedValue: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
