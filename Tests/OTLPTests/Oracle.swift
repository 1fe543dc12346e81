import Assemble
import FoundationEssentials
import OTLP
import SwiftProtobuf
import TraceContext

// The same requests as `TraceExportRequest` writes, made of the generated messages: slow, and right.

extension Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest {
    init(_ spans: [Assemble.Span], scope: InstrumentationScope) {
        self.init()
        var ids: [Int] = []
        for span in spans where !ids.contains(span.resource.id) { ids.append(span.resource.id) }
        resourceSpans = ids.map { id in
            let group = spans.filter { $0.resource.id == id }
            return .with { message in
                message.resource = .init(group[0].resource.resource)
                message.schemaURL = SemanticConventions.schemaURL
                message.scopeSpans = [
                    .with {
                        $0.scope = .init(scope)
                        $0.schemaURL = SemanticConventions.schemaURL
                        $0.spans = group.map { .init($0) }
                    }
                ]
            }
        }
    }
}

extension Opentelemetry_Proto_Trace_V1_Span {
    init(_ span: Assemble.Span) {
        self.init()
        traceID = Data(span.traceID.bytes)
        spanID = Data(span.spanID.bytes)
        if let parentID = span.parentID { parentSpanID = Data(parentID.bytes) }
        traceState = span.traceState ?? ""
        flags = span.protocolFlags
        name = span.name
        kind = SpanKind(span.kind)
        startTimeUnixNano = span.startUnixNanos
        endTimeUnixNano = span.endUnixNanos
        attributes = span.attributes.map { .init(key: $0.key.name, value: $0.value) }
        if case .error(let message) = span.status {
            status = .with {
                $0.code = .error
                $0.message = message
            }
        }
    }
}

extension Opentelemetry_Proto_Trace_V1_Span.SpanKind {
    init(_ kind: SpanKind) {
        switch kind {
        case .server: self = .server
        case .client: self = .client
        }
    }
}

extension Opentelemetry_Proto_Common_V1_KeyValue {
    init(key: String, value: AttributeValue) {
        self.init()
        self.key = key
        self.value = .with { $0.value = .init(value) }
    }
}

extension Opentelemetry_Proto_Common_V1_AnyValue.OneOf_Value {
    init(_ value: AttributeValue) {
        switch value {
        case .string(let text): self = .stringValue(text)
        case .int(let number): self = .intValue(number)
        case .bool(let flag): self = .boolValue(flag)
        case .double(let number): self = .doubleValue(number)
        }
    }
}

extension Opentelemetry_Proto_Resource_V1_Resource {
    init(_ resource: Resource) {
        self.init()
        attributes = resource.attributes.map { .init(key: $0.key, value: $0.value) }
    }
}

extension Opentelemetry_Proto_Common_V1_InstrumentationScope {
    init(_ scope: InstrumentationScope) {
        self.init()
        name = scope.name
        version = scope.version
    }
}
