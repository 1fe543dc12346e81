import Assemble
import TraceContext

// Field numbers, by message: opentelemetry/proto/trace/v1/trace.proto, resource.proto and common.proto. That they are
// right, the tests prove with the generated messages.

enum RequestField {
    static let resourceSpans: UInt8 = 1
}

private enum ResourceSpansField {
    static let resource: UInt8 = 1
    static let scopeSpans: UInt8 = 2
    static let schemaURL: UInt8 = 3
}

private enum ResourceField {
    static let attributes: UInt8 = 1
}

private enum ScopeSpansField {
    static let scope: UInt8 = 1
    static let spans: UInt8 = 2
    static let schemaURL: UInt8 = 3
}

private enum ScopeField {
    static let name: UInt8 = 1
    static let version: UInt8 = 2
}

private enum SpanField {
    static let traceID: UInt8 = 1
    static let spanID: UInt8 = 2
    static let traceState: UInt8 = 3
    static let parentSpanID: UInt8 = 4
    static let name: UInt8 = 5
    static let kind: UInt8 = 6
    static let startTimeUnixNano: UInt8 = 7
    static let endTimeUnixNano: UInt8 = 8
    static let attributes: UInt8 = 9
    static let status: UInt8 = 15
    static let flags: UInt8 = 16
}

private enum StatusField {
    static let message: UInt8 = 2
    static let code: UInt8 = 3
    /// `STATUS_CODE_ERROR`
    static let error: UInt64 = 2
}

private enum KeyValueField {
    static let key: UInt8 = 1
    static let value: UInt8 = 2
}

private enum AnyValueField {
    static let string: UInt8 = 1
    static let bool: UInt8 = 2
    static let int: UInt8 = 3
    static let double: UInt8 = 4
}

extension ProtobufWriter {
    mutating func resourceSpans(_ spans: [Span], of resource: Resource, scope: InstrumentationScope) {
        message(ResourceSpansField.resource) {
            for entry in resource.attributes {
                $0.message(ResourceField.attributes) {
                    $0.string(KeyValueField.key, entry.key)
                    $0.value(entry.value)
                }
            }
        }
        message(ResourceSpansField.scopeSpans) {
            $0.message(ScopeSpansField.scope) {
                $0.string(ScopeField.name, scope.name)
                $0.string(ScopeField.version, scope.version)
            }
            for span in spans {
                $0.message(ScopeSpansField.spans) { $0.span(span) }
            }
            $0.string(ScopeSpansField.schemaURL, SemanticConventions.schemaURL)
        }
        string(ResourceSpansField.schemaURL, SemanticConventions.schemaURL)
    }

    private mutating func span(_ span: Span) {
        id(SpanField.traceID, high: span.traceID.high, low: span.traceID.low)
        id(SpanField.spanID, span.spanID.value)
        if let state = span.traceState { string(SpanField.traceState, state) }
        if let parent = span.parentID { id(SpanField.parentSpanID, parent.value) }
        string(SpanField.name, span.name)
        number(SpanField.kind, UInt64(span.kind.protocolNumber))
        fixed64(SpanField.startTimeUnixNano, span.startUnixNanos)
        fixed64(SpanField.endTimeUnixNano, span.endUnixNanos)
        for attribute in span.attributes {
            message(SpanField.attributes) {
                $0.raw(Self.encodedKeys[Int(attribute.key.rawValue)])
                $0.value(attribute.value)
            }
        }
        if case .error(let text) = span.status {
            message(SpanField.status) {
                $0.string(StatusField.message, text)
                $0.number(StatusField.code, StatusField.error)
            }
        }
        fixed32(SpanField.flags, span.protocolFlags)
    }

    private mutating func value(_ value: AttributeValue) {
        message(KeyValueField.value) {
            switch value {
            case .string(let text): $0.presentString(AnyValueField.string, text)
            case .bool(let flag): $0.presentNumber(AnyValueField.bool, flag ? 1 : 0)
            case .int(let number): $0.presentNumber(AnyValueField.int, UInt64(bitPattern: number))
            case .double(let number): $0.presentFixed64(AnyValueField.double, number.bitPattern)
            }
        }
    }

    /// The key's field of a `KeyValue`, by the raw value of the key: each is written once in the life of the process.
    private static let encodedKeys: [[UInt8]] = {
        var keys = [[UInt8]](repeating: [], count: 1 + Int(AttributeKey.allCases.map(\.rawValue).max() ?? 0))
        for key in AttributeKey.allCases {
            var writer = ProtobufWriter()
            writer.string(KeyValueField.key, key.name)
            keys[Int(key.rawValue)] = writer.bytes
        }
        return keys
    }()
}
