import Assemble
import Export
import Logging
import OTLP
import Settings
import SwiftProtobuf
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct MetricsExporterTests {
    private let log = LogRecorder()

    private func exporter(
        port: Int, every interval: Duration, timeout: Duration = .seconds(30)
    ) throws -> MetricsExporter {
        let headers = [ExportHeader(name: "x-key", value: Secret("hunter2"))]
        let collector = CollectorSettings(headers: headers, timeout: timeout, compression: .gzip)
        return try MetricsExporter(
            endpoint: OTLPEndpoint(isSecure: false, host: "127.0.0.1", port: UInt16(port), path: "/v1/metrics"),
            settings: InternalMetricsSettings(collector: collector, interval: interval),
            resource: Resource([("service.name", "hilo")]), version: "9", logger: log.logger)
    }

    private func value(_ request: FakeCollector.Received) throws -> Int64? {
        let plain = try FakeCollector.gunzip(request.body)
        return try Opentelemetry_Proto_Collector_Metrics_V1_ExportMetricsServiceRequest(serializedBytes: plain)
            .resourceMetrics.first?.scopeMetrics.first?.metrics.first?.sum.dataPoints.first?.asInt
    }

    private func counter(_ value: UInt64) -> [Metric] {
        [Metric("c", .counter, unit: "{x}", "", [.init(value)])]
    }

    private func run(
        _ exporter: MetricsExporter, until isDone: () throws -> Bool, last: [Metric]? = nil
    ) async throws {
        let running = Task { await exporter.run() }
        while !(try isDone()) { try await Task.sleep(for: .milliseconds(5)) }
        if let last { exporter.take(last) }
        running.cancel()
        await running.value
    }

    @Test func reportsEveryIntervalAndAtTheEnd() async throws {
        let collector = try await FakeCollector()
        let exporter = try exporter(port: collector.port, every: .milliseconds(20))
        exporter.take(counter(1))
        try await run(exporter, until: { collector.received.count >= 3 }, last: counter(2))
        let received = collector.received
        #expect(received.allSatisfy { $0.path == "/v1/metrics" && $0.headers["x-key"] == ["hunter2"] })
        #expect(try value(try #require(received.first)) == 1)
        #expect(try value(try #require(received.last)) == 2)
        #expect(log.lines(.warning).isEmpty && log.lines(.notice).isEmpty)
        try await collector.stop()
    }

    @Test func nothingIsSentBeforeSomethingWasMeasured() async throws {
        let collector = try await FakeCollector()
        let exporter = try exporter(port: collector.port, every: .milliseconds(1))
        let begin = ContinuousClock.now
        try await run(exporter, until: { ContinuousClock.now - begin > .milliseconds(50) })
        #expect(collector.received.isEmpty)
        try await collector.stop()
    }

    @Test func troubleIsSaidOnceAndSoIsItsEnd() async throws {
        let collector = try await FakeCollector { _, number in number < 4 ? .failure(503, "hunter2 is busy") : .ok }
        let exporter = try exporter(port: collector.port, every: .milliseconds(10))
        exporter.take(counter(1))
        try await run(exporter, until: { collector.received.count >= 8 })
        #expect(log.lines(.warning).map { "\($0.metadata["reason"] ?? "")" } == ["HTTP 503"])
        #expect(log.lines(.notice).count == 1)
        #expect(!log.lines.contains { $0.description.contains("hunter2") })
        try await collector.stop()
    }

    @Test func aCollectorThatHangsHoldsUpNoOtherReport() async throws {
        let collector = try await FakeCollector { _, number in number == 0 ? .hang : .ok }
        let exporter = try exporter(port: collector.port, every: .milliseconds(10), timeout: .milliseconds(100))
        exporter.take(counter(1))
        try await run(exporter, until: { collector.received.count >= 3 })
        #expect(log.lines(.warning).count == 1 && log.lines(.notice).count == 1)
        try await collector.stop()
    }

    @Test func aCollectorThatHangsDoesNotHoldUpTheEnd() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(port: collector.port, every: .milliseconds(10))
        exporter.take(counter(1))
        let running = Task { await exporter.run() }
        while collector.received.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        let end = ContinuousClock.now
        running.cancel()
        await running.value
        #expect(ContinuousClock.now - end < .seconds(5))
        // That it was broken off is no news of the collector.
        #expect(log.lines(.warning).isEmpty)
        try await collector.stop()
    }

    @Test func theEndTakesNoLongerThanItMay() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(port: collector.port, every: .seconds(60))
        exporter.take(counter(1))
        exporter.finish(within: .milliseconds(100))
        let running = Task { await exporter.run() }
        let begin = ContinuousClock.now
        running.cancel()
        await running.value
        #expect((.milliseconds(100) ..< .milliseconds(900)).contains(ContinuousClock.now - begin))
        // What was begun goes on by itself.
        while collector.received.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        try await collector.stop()
    }

    @Test func whoHurriesWaitsForNoLastReport() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(port: collector.port, every: .milliseconds(1), timeout: .seconds(60))
        exporter.take(counter(1))
        let running = Task { await exporter.run() }
        while collector.received.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        running.cancel()
        exporter.hurry()
        let begin = ContinuousClock.now
        await running.value
        #expect(ContinuousClock.now - begin < .milliseconds(900))
        try await collector.stop()
    }

    @Test func whoHurriesSendsNoLastReport() async throws {
        let collector = try await FakeCollector()
        let exporter = try exporter(port: collector.port, every: .seconds(60))
        exporter.take(counter(1))
        exporter.hurry()
        let running = Task { await exporter.run() }
        running.cancel()
        await running.value
        #expect(collector.received.isEmpty)
        try await collector.stop()
    }

    @Test func aRemarkIsSaidOnce() async throws {
        let collector = try await FakeCollector { _, _ in .partial(7, "too many series") }
        let exporter = try exporter(port: collector.port, every: .milliseconds(10))
        exporter.take(counter(1))
        try await run(exporter, until: { collector.received.count >= 4 })
        #expect(log.lines(.warning).map { "\($0.metadata["rejected"] ?? "")" } == ["7"])
        try await collector.stop()
    }
}
