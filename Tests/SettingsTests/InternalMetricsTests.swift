import Settings
import Testing

@Suite struct InternalMetricsTests {
    private static let asked = ["OTEL_EBPF_INTERNAL_METRICS_EXPORTER": "otel"]

    @Test func noneAreSentUnlessTheyAreAskedFor() throws {
        let environment = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://b:4318",
        ]
        for exporter in [nil, "", "disabled", "prometheus"] {
            let more = exporter.map { ["OTEL_EBPF_INTERNAL_METRICS_EXPORTER": $0] } ?? [:]
            let loading = Loading(environment: environment.merging(more) { $1 })
            #expect(try loading.get().internalMetrics.collector.endpoint == nil)
            #expect(loading.warnings.map(\.key) == (exporter == "prometheus" ? Array(more.keys) : []))
        }
    }

    @Test(
        arguments: [
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"], "", "http://a:4318/v1/metrics"),
            (["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://a:1/x"], "", "http://a:1/x"),
            (
                [
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318",
                    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b:4318",
                ], "", "http://a:4318/v1/metrics"
            ),
            ([:], "http://c:4318", "http://c:4318/v1/metrics"),
        ] as [([String: String], String, String)])
    func findsTheEndpoint(environment: [String: String], yaml: String, url: String) throws {
        let file = yaml.isEmpty ? "" : "otel_metrics_export: {endpoint: '\(yaml)'}"
        let settings = try Loading(file, environment: environment.merging(Self.asked) { $1 }).get()
        #expect(settings.internalMetrics.collector.endpoint?.url == url)
        #expect(settings.internalMetrics.interval == .seconds(60))
    }

    /// What is meant for traces alone goes to no other collector.
    @Test func headersOfTracesStayWithTraces() throws {
        let common = Self.asked.merging(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"]) { $1 }
        func names(_ more: [String: String]) throws -> [String] {
            let settings = try Loading(environment: common.merging(more) { $1 }).get()
            return settings.internalMetrics.collector.headers.map(\.name)
        }
        #expect(try names(["OTEL_EXPORTER_OTLP_TRACES_HEADERS": "t=1"]) == [])
        #expect(try names(["OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "t=1"]) == ["a"])
        #expect(try names(["OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "m=1"]) == ["m"])
    }

    @Test func readsTheInterval() throws {
        func interval(_ environment: [String: String], _ yaml: String = "") throws -> Duration {
            let more = Self.asked.merging(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"]) { $1 }
            return try Loading(yaml, environment: environment.merging(more) { $1 }).get().internalMetrics.interval
        }
        #expect(try interval(["OTEL_METRIC_EXPORT_INTERVAL": "5000"]) == .seconds(5))
        #expect(try interval(["OTEL_EBPF_METRICS_INTERVAL": "90s"]) == .seconds(90))
        #expect(try interval([:], "otel_metrics_export: {interval: 2m}") == .seconds(120))
        let often = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318", "OTEL_METRIC_EXPORT_INTERVAL": "10"]
        let faults = Loading(environment: often.merging(Self.asked) { $1 }).faults
        #expect(faults.map(\.key) == ["OTEL_METRIC_EXPORT_INTERVAL"])
    }

    /// What OBI has there and hilo has no use for stops nobody.
    @Test func othersOfOBIsAreKnown() {
        let loading = Loading(
            """
            internal_metrics: {avoided_services: {limit: 10}, prometheus: {port: 6060}}
            otel_metrics_export: {drop_unresolved_ips: true, ttl: 5m, otel_sdk_log_level: debug, features: [network]}
            """)
        #expect(loading.faults.isEmpty)
        #expect(loading.warnings.count == 6)
    }

    @Test func whatCannotBeIsSaid() {
        #expect(Loading(environment: Self.asked).warnings.map(\.key) == ["OTEL_EBPF_INTERNAL_METRICS_EXPORTER"])
        let none = Loading(environment: ["OTEL_EBPF_INTERNAL_METRICS_EXPORTER": "statsd"])
        #expect(none.faults.count == 1)
        // What is wrong for all signals is said once.
        let wrong = Self.asked.merging(["OTEL_EXPORTER_OTLP_ENDPOINT": "nowhere"]) { $1 }
        #expect(Loading(environment: wrong).faults.map(\.key) == ["OTEL_EXPORTER_OTLP_ENDPOINT"])
    }
}
