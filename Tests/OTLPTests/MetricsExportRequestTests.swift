import Assemble
import OTLP
import SwiftProtobuf
import Testing



@Suite struct MetricsExportRequestTests {
    private func message(
        _ metrics: [Metric]
    ) throws -> Opentelemetry_Proto_Collector_Metrics_V1_ExportMetricsServiceRequest {
        let resource = Resource([("service.name", "hilo"), ("process.pid", .int(7))])
        return try .init(
            serializedBytes: MetricsExportRequest.encoded(
                metrics, of: resource, scope: InstrumentationScope(version: "1"), since: 3, at: 9))
    }

    @Test func countersCountFromTheStartAndGaugesDoNot() throws {
        let sent = try message([
            Metric("c", .counter, unit: "{x}", "d", [.init(5, ["b": "2", "a": "1"]), .init(0)]),
            Metric("u", .upDownCounter, unit: "{x}", "d", [.init(6)]),
            Metric("g", .gauge, unit: "1", "d", [.init(.max)]),
            Metric("none", .gauge, unit: "1", "d", []),
        ])
        let resource = try #require(sent.resourceMetrics.first)
        #expect(resource.resource.attributes.map(\.key) == ["service.name", "process.pid"])
        #expect(resource.resource.attributes[1].value.intValue == 7)
        let scope = try #require(resource.scopeMetrics.first)
        #expect(scope.scope.name == "hilo" && scope.scope.version == "1")
        #expect(scope.metrics.map(\.name) == ["c", "u", "g"])
        #expect(scope.metrics[0].unit == "{x}" && scope.metrics[0].description_p == "d")

        let counter = scope.metrics[0].sum
        #expect(counter.isMonotonic && counter.aggregationTemporality == .cumulative)
        #expect(counter.dataPoints.map(\.asInt) == [5, 0])
        #expect(counter.dataPoints[0].attributes.map(\.key) == ["a", "b"])
        #expect(counter.dataPoints[0].attributes.map(\.value.stringValue) == ["1", "2"])
        #expect(counter.dataPoints[0].startTimeUnixNano == 3 && counter.dataPoints[0].timeUnixNano == 9)
        #expect(!scope.metrics[1].sum.isMonotonic && scope.metrics[1].sum.dataPoints[0].startTimeUnixNano == 3)
        let gauge = scope.metrics[2].gauge.dataPoints[0]
        #expect(gauge.asInt == .max && gauge.startTimeUnixNano == 0)
    }
}
