/// Where finished spans go over OTLP: `otel_traces_export`, `OTEL_EXPORTER_OTLP_*` and `OTEL_BSP_*`.
public struct TracesExportSettings: Sendable, Equatable {
    public var collector: CollectorSettings
    /// How many spans may wait; the next one is dropped and counted. At least twice `maxBatch`.
    public var queueSize: Int
    /// The most spans in one request.
    public var maxBatch: Int
    /// The longest that a span waits for its batch to fill.
    public var batchTimeout: Duration
    public var retry: ExportRetry

    public init(
        collector: CollectorSettings = CollectorSettings(),
        queueSize: Int = 16384,
        maxBatch: Int = 2048,
        batchTimeout: Duration = .seconds(1),
        retry: ExportRetry = ExportRetry()
    ) {
        self.collector = collector
        self.queueSize = queueSize
        self.maxBatch = maxBatch
        self.batchTimeout = batchTimeout
        self.retry = retry
    }
}

/// Exponential backoff between attempts to send one batch: `otel_traces_export.backoff_*`.
public struct ExportRetry: Sendable, Equatable {
    public var initialInterval: Duration
    public var maxInterval: Duration
    /// The batch is dropped and counted when this long has passed since its first attempt.
    public var maxElapsedTime: Duration

    public init(
        initialInterval: Duration = .seconds(1),
        maxInterval: Duration = .seconds(30),
        maxElapsedTime: Duration = .seconds(300)
    ) {
        self.initialInterval = initialInterval
        self.maxInterval = maxInterval
        self.maxElapsedTime = maxElapsedTime
    }
}
