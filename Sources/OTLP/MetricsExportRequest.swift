public import Assemble
import SwiftProtobuf

/// `ExportMetricsServiceRequest`: what one resource measured, posted to a collector.
public enum MetricsExportRequest {
    /// The message as bytes. Metrics without a point are left out.
    ///
    /// - Parameters:
    ///   - start: since when counters count, in Unix nanoseconds.
    ///   - now: when it was measured, in Unix nanoseconds.
    /// - Throws: ``MessageError`` should the library not be able to write it.
    public static func encoded(
        _ metrics: [Metric], of resource: Resource, scope: InstrumentationScope, since start: UInt64, at now: UInt64
    ) throws(MessageError) -> [UInt8] {
        var ofScope = Opentelemetry_Proto_Metrics_V1_ScopeMetrics()
        ofScope.scope.name = scope.name
        ofScope.scope.version = scope.version
        ofScope.metrics = metrics.filter { !$0.points.isEmpty }.map { message($0, since: start, at: now) }
        var ofResource = Opentelemetry_Proto_Metrics_V1_ResourceMetrics()
        ofResource.resource.attributes = resource.attributes.map { attribute($0.key, $0.value) }
        ofResource.scopeMetrics = [ofScope]
        var request = Opentelemetry_Proto_Collector_Metrics_V1_ExportMetricsServiceRequest()
        request.resourceMetrics = [ofResource]
        do {
            return try request.serializedBytes()
        } catch {
            throw MessageError(reason: String(describing: error))
        }
    }

    private static func message(
        _ metric: Metric, since start: UInt64, at now: UInt64
    ) -> Opentelemetry_Proto_Metrics_V1_Metric {
        let points = metric.points.map { point in
            var written = Opentelemetry_Proto_Metrics_V1_NumberDataPoint()
            written.attributes = point.attributes.sorted { $0.key < $1.key }
                .map { attribute($0.key, .string($0.value)) }
            written.startTimeUnixNano = metric.kind == .gauge ? 0 : start
            written.timeUnixNano = now
            written.asInt = Int64(clamping: point.value)
            return written
        }
        var message = Opentelemetry_Proto_Metrics_V1_Metric()
        message.name = metric.name
        message.unit = metric.unit
        message.description_p = metric.description
        switch metric.kind {
        case .gauge: message.gauge.dataPoints = points
        case .counter, .upDownCounter:
            message.sum.dataPoints = points
            message.sum.isMonotonic = metric.kind == .counter
            message.sum.aggregationTemporality = .cumulative
        }
        return message
    }

    private static func attribute(
        _ key: String, _ value: AttributeValue
    ) -> Opentelemetry_Proto_Common_V1_KeyValue {
        var attribute = Opentelemetry_Proto_Common_V1_KeyValue()
        attribute.key = key
        switch value {
        case .string(let text): attribute.value.stringValue = text
        case .int(let number): attribute.value.intValue = number
        case .bool(let flag): attribute.value.boolValue = flag
        case .double(let number): attribute.value.doubleValue = number
        }
        return attribute
    }
}
