/// Where metrics of hilo itself go: `internal_metrics`, `otel_metrics_export`, `OTEL_EXPORTER_OTLP_*`. Of the processes
/// that it traces hilo makes none.
public struct InternalMetricsSettings: Sendable, Equatable {
    /// Its endpoint is nil where no metrics are wanted.
    public var collector: CollectorSettings
    /// From one report to the next: `otel_metrics_export.interval`, `OTEL_METRIC_EXPORT_INTERVAL`.
    public var interval: Duration

    public init(collector: CollectorSettings = CollectorSettings(), interval: Duration = .seconds(60)) {
        self.collector = collector
        self.interval = interval
    }
}
