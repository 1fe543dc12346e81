import BPFABI
public import Export
public import OTLP

/// What hilo measures of itself. Names that are no convention of OpenTelemetry's begin with `hilo`; every series of a
/// counter is there from the beginning, with 0.
public struct OwnMetrics {
    public var kernel = KernelCounters()
    public var records = RecordCounts()
    public var sinks: [(name: String, counts: ExportCounts)] = []
    /// Traced now.
    public var processes = 0
    /// How often each helper has greeted.
    public var starts: [String: UInt64] = [:]
    /// Whether contexts are to be passed on, and how they are; nil while nobody does so.
    public var passesOn = false
    public var mode: PropagationMode?

    public init() {}

    public var metrics: [Metric] {
        let assembled = records.assembler
        return [
            Metric(
                "hilo.processes", .upDownCounter, unit: "{process}", "Processes that are traced",
                [.init(UInt64(processes))]),
            Metric(
                "hilo.helper.starts", .counter, unit: "{start}", "Helpers that began to serve",
                Self.points("hilo.helper", starts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })),
            Metric(
                "hilo.records", .counter, unit: "{record}", "Records that the kernel side wanted to hand over",
                [.init(kernel[HILO_COUNT_ATTEMPTED])]),
            Metric(
                "hilo.exchanges", .counter, unit: "{exchange}", "Requests and answers, by what became of them",
                Self.points("hilo.outcome", [
                    ("span", assembled.spans), ("unsampled", assembled.unsampled &+ kernel[HILO_COUNT_UNSAMPLED]),
                    ("not_chosen", assembled.disowned),
                    ("orphaned", assembled.answersOrphaned), ("duplicate", assembled.duplicates),
                    ("rejected", records.rejected),
                ])),
            Metric(
                "hilo.losses", .counter, unit: "{event}", "What the kernel side could not follow",
                Self.points("hilo.reason", KernelCounters.losses.map { ($0.name, kernel[$0.counter]) })),
            Metric(
                "otel.sdk.exporter.span.exported", .counter, unit: "{span}", "Spans that arrived",
                sinks.map { .init($0.counts.exported, ["otel.component.name": $0.name]) }),
            lost,
            Metric(
                "otel.sdk.processor.span.queue.size", .upDownCounter, unit: "{span}",
                "Spans that wait for a collector or are on their way",
                sinks.map { .init($0.counts.queued, ["otel.component.name": $0.name]) }),
        ] + (passesOn ? propagation : [])
    }

    private var lost: Metric {
        Metric(
            "hilo.spans.lost", .counter, unit: "{span}", "Spans that a sink did not deliver",
            sinks.flatMap { (name, counts) in
                DropReason.allCases.map { reason in
                    .init(counts.dropped[reason], ["otel.component.name": name, "hilo.reason": reason.rawValue])
                }
            })
    }

    private var propagation: [Metric] {
        let attributes = mode.map { mode in
            [
                "hilo.headers": mode.headers.rawValue, "hilo.later_requests": mode.laterRequests.rawValue,
                "hilo.tcp_option": String(mode.hasOption),
            ]
        }
        return [
            Metric(
                "hilo.propagation.mode", .gauge, unit: "1", "How contexts are passed on; always 1",
                attributes.map { [.init(1, $0)] } ?? []),
            Metric(
                "hilo.propagation.events", .counter, unit: "{event}", "What became of contexts to be passed on",
                Self.points("hilo.outcome", KernelCounters.propagation.map { ($0.name, kernel[$0.counter]) })),
        ]
    }

    private static func points(_ key: String, _ values: [(name: String, count: UInt64)]) -> [Metric.Point] {
        values.map { .init($0.count, [key: $0.name]) }
    }
}
