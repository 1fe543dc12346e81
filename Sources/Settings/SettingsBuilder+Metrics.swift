extension SettingsBuilder {
    mutating func internalMetrics() -> InternalMetricsSettings {
        var metrics = InternalMetricsSettings()
        guard let exporter = reader.written("internal_metrics.exporter"), isWanted(exporter) else {
            tellUnused()
            return metrics
        }
        metrics.collector = collector(of: .metrics)
        if let interval = reader.duration(OTLPSignal.metrics.key("interval"), in: .seconds(1)...Self.longestWait) {
            metrics.interval = interval
        }
        let hasEndpoint = reader.isWritten(OTLPSignal.metrics.key("endpoint"))
        if !hasEndpoint, !reader.isWritten("OTEL_EXPORTER_OTLP_ENDPOINT") {
            reader.warn(
                exporter, "has no effect: there is no collector to send them to",
                remedy: "set otel_metrics_export.endpoint, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT or "
                    + "OTEL_EXPORTER_OTLP_ENDPOINT")
        }
        return metrics
    }

    private mutating func isWanted(_ exporter: WrittenSetting) -> Bool {
        switch reader.value(exporter, ValueParser.choice) as InternalMetricsExporter? {
        case .otel: return true
        case .prometheus:
            reader.warn(
                exporter, "has no effect: hilo opens no port", remedy: "use otel, which sends them to a collector")
            return false
        case .disabled, nil: return false
        }
    }

    /// In a file; a variable may be there for others.
    private mutating func tellUnused() {
        for key in ["endpoint", "interval"] {
            guard let written = reader.written(OTLPSignal.metrics.key(key)), written.variable == nil else { continue }
            reader.warn(
                written, "has no effect: hilo makes no metrics of services, and none of itself is asked for",
                remedy: "set internal_metrics.exporter to otel for those")
        }
    }
}

private enum InternalMetricsExporter: String, CaseIterable {
    case disabled, otel, prometheus
}
