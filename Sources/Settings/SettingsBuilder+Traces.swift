extension SettingsBuilder {
    mutating func traces() -> TracesExportSettings {
        var traces = TracesExportSettings(collector: collector(of: .traces))
        readQueue(into: &traces)
        readRetry(into: &traces)
        return traces
    }

    /// Which of the two ways out is open: `OTEL_TRACES_EXPORTER`, and what the endpoint and the printer say themselves.
    mutating func applyExporters(_ settings: inout Settings) {
        guard let written = reader.written("OTEL_TRACES_EXPORTER"), let exporters = exporters(written) else { return }
        if exporters.contains("console"), !reader.isWritten("trace_printer") { settings.tracePrinter = .text }
        if !exporters.contains("otlp") {
            settings.traces.collector.endpoint = nil
        } else if settings.traces.collector.endpoint == nil, !isEndpointWritten {
            // The default of the specification, for whoever asks for the exporter by name.
            settings.traces.collector.endpoint = OTLPEndpoint(
                isSecure: false, host: "localhost", port: 4318, path: OTLPSignal.traces.path)
        }
    }

    private mutating func exporters(_ written: WrittenSetting) -> [String]? {
        reader.value(written) { (text) throws(PatternError) in
            let names = ValueParser.list(text.lowercased())
            for name in names where !["otlp", "console", "none"].contains(name) {
                throw ["zipkin", "jaeger", "logging"].contains(name)
                    ? PatternError("'\(name)' is not supported by hilo; it has otlp, console and none")
                    : ValueParser.notOne(name, of: ["otlp", "console", "none"])
            }
            guard !names.contains("none") || names.count == 1 else {
                throw PatternError("lists 'none' beside another exporter")
            }
            return names
        }
    }

    var isEndpointWritten: Bool {
        reader.isWritten(OTLPSignal.traces.key("endpoint")) || reader.isWritten("OTEL_EXPORTER_OTLP_ENDPOINT")
    }

    /// One of the two sizes follows the other where only one was written: a queue must hold a batch that fills while
    /// another is on its way.
    private mutating func readQueue(into traces: inout TracesExportSettings) {
        let batchPath = "otel_traces_export.batch_max_size"
        let queuePath = "otel_traces_export.queue_size"
        let batch = size(batchPath, or: "otel_traces_export.max_export_batch_size", in: 1...65_536)
        let queue = size(queuePath, or: "otel_traces_export.max_queue_size", in: 0...4_194_304)
        switch (batch, queue) {
        case (let batch?, nil), (let batch?, 0):
            traces.maxBatch = batch
            traces.queueSize = max(traces.queueSize, 4 * batch)
        case (nil, let queue?) where queue > 0:
            traces.queueSize = max(2, queue)
            traces.maxBatch = min(traces.maxBatch, max(1, queue / 2))
        case (let batch?, let queue?):
            if queue < 2 * batch,
                let written = reader.written(queuePath) ?? reader.written("otel_traces_export.max_queue_size")
            {
                reader.fault(
                    written, "\(queue) spans are less than two batches of \(batch)",
                    remedy: "make the queue larger or the batches smaller")
            }
            (traces.maxBatch, traces.queueSize) = (batch, queue)
        default: break
        }
        if let timeout = reader.duration("otel_traces_export.batch_timeout", in: .milliseconds(1)...Self.longestWait) {
            traces.batchTimeout = timeout
        }
    }

    private mutating func size(_ path: String, or deprecated: String, in range: ClosedRange<Int>) -> Int? {
        let path = reader.isWritten(path) ? path : deprecated
        return reader.value(path) { (text) throws(PatternError) in try ValueParser.integer(text, in: range) }
    }

    private mutating func readRetry(into traces: inout TracesExportSettings) {
        // OBI's 0 stands for the default.
        func read(_ name: String, _ reader: inout SettingsReader) -> Duration? {
            reader.duration("otel_traces_export.backoff_\(name)", in: .zero...Self.longestWait * 24)
                .flatMap { $0 == .zero ? nil : $0 }
        }
        if let interval = read("initial_interval", &reader) { traces.retry.initialInterval = interval }
        if let interval = read("max_interval", &reader) {
            traces.retry.maxInterval = interval
        } else {
            traces.retry.maxInterval = max(traces.retry.maxInterval, traces.retry.initialInterval)
        }
        if let time = read("max_elapsed_time", &reader) { traces.retry.maxElapsedTime = time }
        if traces.retry.initialInterval > traces.retry.maxInterval,
            let written = reader.written("otel_traces_export.backoff_max_interval")
        {
            reader.fault(
                written, "is shorter than the first interval, \(traces.retry.initialInterval.written)",
                remedy: "set backoff_initial_interval as well")
        }
    }
}
