public import Assemble

/// `ExportTraceServiceRequest`, the message that is posted to a collector.
public enum TraceExportRequest {
    /// The media type of OTLP's binary bodies, of requests and of answers.
    public static let contentType = "application/x-protobuf"

    /// The message as bytes. Spans are grouped by resource, so that each resource travels once: one `ResourceSpans`
    /// with one `ScopeSpans` each, in the order in which their first spans come. No spans make no bytes.
    public static func encoded(_ spans: some Sequence<Span>, scope: InstrumentationScope) -> [UInt8] {
        var places: [ResourceRef: Int] = [:]
        var groups: [(resource: Resource, spans: [Span])] = []
        for span in spans {
            if let place = places[span.resource] {
                groups[place].spans.append(span)
            } else {
                places[span.resource] = groups.count
                groups.append((span.resource.resource, [span]))
            }
        }
        var writer = ProtobufWriter()
        for group in groups {
            writer.message(RequestField.resourceSpans) {
                $0.resourceSpans(group.spans, of: group.resource, scope: scope)
            }
        }
        return writer.bytes
    }
}

/// Who made the spans: OpenTelemetry's instrumentation scope.
public struct InstrumentationScope: Hashable, Sendable {
    public var name: String
    public var version: String

    public init(name: String = "hilo", version: String) {
        self.name = name
        self.version = version
    }
}
